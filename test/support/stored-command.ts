/** A command in the registry, as if somebody had given it. */
import type { Command } from '../../contracts/resources/commands.ts';
import { takePlace } from '../../lambdas/store/registry/command-places.ts';
import { createCommand, leavePlace } from '../../lambdas/store/registry/commands.ts';
import type { Registry } from '../../lambdas/store/registry/keys.ts';

const ID = '01jt2q0v5s8kx3m9d6w4a7c1ef';
const AT = '2026-03-01T00:00:00.000Z';

/**
 * Puts an open command of a device.
 * @returns what gives its place back
 */
export const putCommand = async (
  registry: Registry,
  of: { readonly device: string; readonly site: string },
): Promise<() => Promise<unknown>> => {
  const command: Command = {
    ...of,
    id: ID,
    type: 'none',
    typeVersion: 1,
    command: 'none',
    parameters: {},
    dryRun: false,
    state: 'queued',
    version: 1,
    createdAt: AT,
    createdBy: { kind: 'user', subject: 'somebody', name: 'somebody' },
    updatedAt: AT,
    expiresAt: AT,
    timeout: 60,
    attempts: 0,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  await takePlace(registry, of.device, ID);
  await createCommand(registry, { command, transitions: [], withoutEffect: [], withoutEffectCount: 0 });
  return () => leavePlace(registry, of.device, ID);
};
