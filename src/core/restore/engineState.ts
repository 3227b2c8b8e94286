import * as z from 'zod';
import type { Engine } from '../engine/engine.ts';
import type {
  ContainerSummary,
  EngineInfo,
  ImageSummary,
  NetworkDetails,
  VolumeSummary,
} from '../engine/records.ts';
import type { CancelOptions } from '../vault/blobStore.ts';

/** A network of the engine, and the addresses in it that are in use now. */
export interface KnownNetwork {
  readonly details: NetworkDetails;
  /** Address without its prefix length ⇒ the container's name. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly subnets: readonly string[];
}

/** What is on an engine, as far as a restore can meet it. */
export interface EngineState {
  readonly info: EngineInfo;
  readonly images: readonly ImageSummary[];
  readonly containers: readonly ContainerSummary[];
  readonly volumes: readonly VolumeSummary[];
  readonly networks: readonly KnownNetwork[];
}

const members = z.object({
  Containers: z
    .record(
      z.string(),
      z.object({
        Name: z.string().default(''),
        IPv4Address: z.string().default(''),
        IPv6Address: z.string().default(''),
      }),
    )
    .nullish()
    .catch(null),
});
const ipam = z.object({
  Config: z
    .array(z.object({ Subnet: z.string().nullish() }))
    .nullish()
    .catch(null),
});

/** Asks for all of it; networks one by one, since lists leave out who is in them. */
export async function lookAtEngine(engine: Engine, cancel: CancelOptions = {}): Promise<EngineState> {
  const [info, images, containers, volumes, networks] = await Promise.all([
    engine.info(cancel),
    engine.images.list(cancel),
    engine.containers.list(cancel),
    engine.volumes.list(cancel),
    engine.networks.list(cancel),
  ]);
  const known: KnownNetwork[] = [];
  for (const { id } of networks) {
    const details = await engine.networks.inspect(id, cancel);
    const { Containers } = members.parse(details.raw);
    const addresses = new Map(
      Object.values(Containers ?? {}).flatMap(({ Name, IPv4Address, IPv6Address }) =>
        [IPv4Address, IPv6Address]
          .filter((address) => address !== '')
          .map((address): [string, string] => [address.replace(/\/\d+$/, ''), Name]),
      ),
    );
    known.push({ details, addresses, subnets: subnetsOf(details.ipam) });
  }
  return { info, images, containers, volumes, networks: known };
}

/** The subnets that an IPAM configuration names, as `10.0.0.0/24`. */
export function subnetsOf(configuration: unknown): readonly string[] {
  const { Config } = ipam.catch({ Config: null }).parse(configuration);
  return (Config ?? []).flatMap(({ Subnet }) => (Subnet ? [Subnet] : []));
}
