/**
 * What the operations of the control plane share.
 */
import { AwsError, type Log } from '../../types.ts';
import type { Pki } from '../pki.ts';
import type { Registry } from '../registry.ts';

export interface ControlPlaneOptions {
  readonly registry: Registry;
  readonly pki: Pki;
  /** e.g. `arn:aws:iot:us-east-1:000000000000:` */
  readonly arnPrefix: string;
  readonly account: string;
  /** Names of the policies and thing types of the templates. */
  readonly policies: ReadonlySet<string>;
  readonly thingTypes: ReadonlySet<string>;
  /** Thing types that no thing may be made with any more. */
  readonly deprecatedTypes: Set<string>;
  /** `host:port` of the broker; AWS answers a host name and leaves the port to the reader. */
  readonly endpointAddress: () => string;
  readonly log: Log;
}

/** The answer for what is not there. */
export const notFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `${what} does not exist.`, 404);
