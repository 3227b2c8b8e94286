/** What stands in the way of a restore, or had better be known before it: every sentence on one page. */
const templates = {
  containerTaken:
    'A container named {name} is there already. Replace it, choose another name, or leave it out.',
  volumeTaken:
    'A volume named {name} is there already. Keep it as it is, replace it, choose another name, or leave it out.',
  tagTaken: 'The tag {name} is on another image, and stays there unless you choose to replace it.',
  replaceWouldRemove:
    'The container {name} is removed when it stops, so it can’t be kept until the new one stands. Choose another name.',
  platformDiffers: '{name} is made for {platform}, and this engine runs {engine}.',
  idDiffers: '{name} gets another ID here, because this engine counts image IDs in another way.',
  networkDriverMissing: 'This engine has no network driver {driver}, which the network {name} needs.',
  networkDiffers: 'The network {name} is there with other settings, and stays as it is.',
  subnetTaken: 'The network {name} needs the subnet {subnet}, and {other} has it.',
  subnetChanged: 'The network {name} gets another subnet than {subnet}, because {other} has that.',
  addressTaken: '{name} needs the address {address} in the network {network}, and {other} has it.',
  portTaken: '{name} needs port {port} of the host, and {other} has it.',
  volumeInUse:
    'The volume {name} is to be replaced, and {other} uses it. Stop that, replace it too, or keep the volume.',
  volumeNotReplaceable:
    'A Podman has no way to empty the volume {name}. Choose another name, keep it, or remove it first.',
  volumeDriverMissing: 'This engine has no volume driver {driver}, which the volume {name} needs.',
  logDriverMissing: 'This engine has no log driver {driver}, which {name} needs.',
  runtimeMissing: 'This engine has no runtime {runtime}, which {name} needs.',
  deviceUnchecked: '{name} needs {device} of the host. Whether it is there shows when it starts.',
  bindUnchecked: '{name} mounts {path} of the host. Whether it is there can’t be seen from here.',
  bindNotRestored:
    'Files of the host’s folder {path} are in the snapshot, and are not put back by this. Extract them.',
  volumeNotIncluded: '{name} mounts the volume {volume}, whose data is not in this snapshot.',
  volumeLeftOut: '{name} mounts the volume {volume}, which is left out. It starts with an empty one.',
  namespaceShared:
    '{other} runs in the network or the processes of {name}. It is cut off when that is replaced, and has to be made again.',
  dependencyMissing: '{name} needs the container {other}, which is neither chosen nor on this engine.',
  // Of moves alone
  moveWouldRemove:
    'The engine removes {name} as soon as it is stopped, so what it writes can’t be moved whole. Stop it and make it without --rm first.',
  moveReplacesNoVolume:
    'A volume named {name} is there already, and a move replaces no volume’s data. Choose another name, or keep it as it is.',
  moveVolumesTooOld:
    'The Podman {found} at {endpoint} neither gives nor takes volumes whole. That takes {needed} or newer.',
  volumeOnDevice:
    'The data of the volume {name} lies on {device}, which is not moved. The new volume names the same place.',
  volumeInMemory: 'The volume {name} is in memory, and empty there at first.',
  writerStops: '{name} writes to {volume} too. It is stopped for the last pass, goes on, and is not moved.',
  imageUsedHere: 'The image {name} is used by {other}, so it can’t be removed here. Copy it instead.',
  imageHasNoLayers:
    '{name} has no layers, and the engine can’t send such an image. Its Dockerfile makes it again.',
  startsWithEngine:
    '{name} stays here, stopped. It has a restart policy, so it starts again when this engine does.',
  snapshotDamaged: 'Something of this snapshot was found damaged: {reason}',
} as const;

type Templates = typeof templates;
export type ProblemCode = keyof Templates;

type Places<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Places<Rest>
  : never;

/** `blocker`: the restore is refused as it is planned. `warning`: it is done, and this is how it differs. */
export interface RestoreProblem {
  readonly severity: 'blocker' | 'warning';
  readonly code: ProblemCode;
  readonly args: Readonly<Record<string, string>>;
  /** The English sentence with its places open; the key under which translations are kept. */
  readonly template: string;
}

/** Makes the problem `code`, worded from `args`. */
export function problem<C extends ProblemCode>(
  severity: RestoreProblem['severity'],
  code: C,
  args: Readonly<Record<Places<Templates[C]>, string>>,
): RestoreProblem {
  return { severity, code, args, template: templates[code] };
}

/** Every template, for the test that each one is translated. */
export function problemTemplates(): readonly string[] {
  return Object.values(templates);
}
