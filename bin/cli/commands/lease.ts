/** `labgate lease`: exclusive control of an instrument for a while. */
import { Command } from 'commander';
import type { Lease } from '../../../contracts/resources/commands.ts';
import { openApi } from '../client/api.ts';
import { type CommonOptions, print, secondsUpTo, withTarget } from './options.ts';

const leasePath = (device: string): string => `/v1/devices/${encodeURIComponent(device)}/lease`;

const told = (lease: Lease | null, device: string): string =>
  lease === null ? `nobody holds ${device}` : `${lease.holder.name} holds ${device} until ${lease.until}`;

const takeLease = async (
  device: string,
  options: CommonOptions & { readonly seconds: number; readonly reason?: string },
): Promise<void> => {
  const { seconds, reason } = options;
  const lease = await openApi(options).json<Lease>(leasePath(device), {
    method: 'PUT',
    body: { seconds, reason },
  });
  print(options.json ? JSON.stringify(lease) : told(lease, device));
};

const showLease =
  (method: 'GET' | 'DELETE') =>
  async (device: string, options: CommonOptions): Promise<void> => {
    const { lease } = await openApi(options).json<{ lease: Lease | null }>(leasePath(device), { method });
    print(options.json ? JSON.stringify({ lease }) : told(lease, device));
  };

/** The `lease` command. */
export const leaseCommand = (): Command => {
  const command = new Command('lease').description('exclusive control of an instrument for a while');
  withTarget(command.command('take <device>'))
    .description('take the lease, or make your own longer')
    .option('--seconds <seconds>', 'for how long', secondsUpTo(8 * 3600), 600)
    .option('--reason <text>', 'why')
    .action(takeLease);
  withTarget(command.command('show <device>')).description('show who holds it').action(showLease('GET'));
  withTarget(command.command('release <device>')).description('give it back').action(showLease('DELETE'));
  return command;
};
