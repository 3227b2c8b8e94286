import type { PortMapping } from '../core/engine/records.ts';

/** `8080→80`, `127.0.0.1:53→53/udp`, or `80` for one that is not published. */
export function portText({ containerPort, protocol, hostIp, hostPort }: PortMapping): string {
  const inside =
    protocol === 'tcp' || protocol === '' ? String(containerPort) : `${containerPort}/${protocol}`;
  if (hostPort === undefined) return inside;
  const isEverywhere = hostIp === undefined || hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
  const host = isEverywhere ? '' : hostIp.includes(':') ? `[${hostIp}]:` : `${hostIp}:`;
  return `${host}${hostPort}→${inside}`;
}

/** Each port once (engines tell a published port for IPv4 and for IPv6), published ones first, then by number. */
export function portTexts(ports: readonly PortMapping[]): readonly string[] {
  const order = (port: PortMapping): number => (port.hostPort === undefined ? 1e6 : 0) + port.containerPort;
  return [...new Set([...ports].sort((a, b) => order(a) - order(b)).map(portText))];
}
