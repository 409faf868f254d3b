/** What the handlers of `commands-api` work with. */
import type { Actor, Command } from '../../../contracts/resources/commands.ts';
import type { Principal } from '../../../contracts/roles.ts';
import type { SendWork } from '../../runtime/command-queue.ts';
import type { Measurements } from '../../store/measurements/index.ts';
import type { Registry } from '../../store/registry/keys.ts';
import type { TypeCache } from './type-cache.ts';

export interface Dependencies {
  readonly registry: Registry;
  readonly types: TypeCache;
  readonly measurements: Measurements;
  readonly send: SendWork;
  /** Tells people how a command is now. */
  readonly tell: (command: Command) => Promise<unknown>;
}

/** Who calls, as history and leases keep it. */
export const actorOf = ({ kind, subject, name }: Principal): Actor => ({ kind, subject, name });
