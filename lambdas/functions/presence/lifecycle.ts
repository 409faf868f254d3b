/** Lifecycle events of AWS IoT, as the rule forwards them. */
import * as z from 'zod';
import type { ConnectionChange } from '../../store/registry/presence.ts';

/** https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html */
export const lifecycleEvent = z.object({
  clientId: z.string().min(1).max(128),
  /** Milliseconds since the epoch. */
  timestamp: z.int().nonnegative(),
  eventType: z.enum(['connected', 'disconnected']),
  sessionIdentifier: z.string().optional(),
  ipAddress: z.string().optional(),
  /** Identifier of the certificate, for a device. */
  principalIdentifier: z.string().optional(),
  disconnectReason: z.string().optional(),
  versionNumber: z.int().nonnegative(),
});
export type LifecycleEvent = z.infer<typeof lifecycleEvent>;

/**
 * What an event says of a connection. Connect and disconnect of one connection carry the same version number,
 * which grows with each connection: the disconnect comes after.
 */
export const changeOf = (event: LifecycleEvent): ConnectionChange => {
  const disconnected = event.eventType === 'disconnected';
  return {
    device: event.clientId,
    state: disconnected ? 'offline' : 'online',
    at: event.timestamp,
    order: event.versionNumber * 2 + (disconnected ? 1 : 0),
    session: event.sessionIdentifier,
    address: event.ipAddress,
    certificateId: event.principalIdentifier,
    reason: disconnected ? event.disconnectReason : undefined,
  };
};
