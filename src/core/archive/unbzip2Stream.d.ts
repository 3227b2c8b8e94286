/** The package brings no types. It gives an old-style stream that works while it is written to. */
declare module 'unbzip2-stream' {
  interface Unbzip2Stream {
    on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
    on(event: 'error', listener: (error: Error) => void): unknown;
    write(bytes: Uint8Array): unknown;
    end(): unknown;
  }
  function unbzip2(): Unbzip2Stream;
  export = unbzip2;
}
