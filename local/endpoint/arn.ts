/** Parts of ARNs that the endpoint needs. */
import type { Assembly, Resource } from '../types.ts';

/** The resource part of an ARN, or the text itself when it is no ARN: `stream/x` of `arn:aws:kinesis:r:a:stream/x`. */
export const arnResource = (arn: string): string =>
  arn.startsWith('arn:') ? arn.split(':').slice(5).join(':') : arn;

/** Name of a table, stream, queue, bucket or topic out of its ARN, or the name itself. */
export function resourceName(arnOrName: string): string {
  const resource = arnResource(arnOrName);
  return resource.slice(resource.indexOf('/') + 1);
}

/** ARN of a declared resource; built from its parts where the assembly gives none. */
export function arnOf(assembly: Assembly, resource: Resource, service: string, path: string): string {
  return resource.arn ?? `arn:aws:${service}:${assembly.region}:${assembly.account}:${path}`;
}
