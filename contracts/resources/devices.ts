/** Devices: what an instrument is, where it stands, and how it came to be known. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { storableNumber } from '../numbers.ts';
import { lease } from './commands.ts';
import { csr } from './csr.ts';
import { reason } from './reason.ts';
import { position } from './sites.ts';

/**
 * Life of a device. `registering`: its certificate is being made, repeat the request to finish;
 * `retiring`: its certificate is revoked, its connection is being cut; `retired`: for good.
 */
export const DEVICE_STATES = ['registering', 'active', 'retiring', 'retired'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

/** Where a device stands: degrees of WGS 84, and the room. */
export const location = position
  .extend({ room: z.string().max(120).optional() })
  .strict()
  .meta({ id: 'LocationInput', outputId: 'Location' });

/** What people say of a device and may change. */
export const deviceMetadata = z
  .object({
    name: z.string().min(1).max(120).optional(),
    description: z.string().max(1000).optional(),
    serial: z.string().max(120).optional(),
    location: location.optional(),
    labels: z
      .record(slug, z.string().max(120))
      .refine((labels) => Object.keys(labels).length <= 20, 'at most 20 labels')
      .meta({ maxProperties: 20 })
      .optional(),
  })
  .strict()
  .meta({ id: 'DeviceMetadata' });
export type DeviceMetadata = z.infer<typeof deviceMetadata>;

/** What a device says of itself in its messages. */
export const deviceFacts = z
  .object({
    firmware: z.string().max(64).optional(),
    mac: z
      .string()
      .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i)
      .optional(),
    ip: z.union([z.ipv4(), z.ipv6()]).optional(),
    location: z.string().max(120).optional(),
    latitude: storableNumber(z.number().min(-90).max(90)).optional(),
    longitude: storableNumber(z.number().min(-180).max(180)).optional(),
  })
  .meta({ id: 'DeviceFacts' });
export type DeviceFacts = z.infer<typeof deviceFacts>;

/** Connection of a device, from the broker's lifecycle events. */
export const connection = z
  .object({
    state: z.enum(['online', 'offline', 'unknown']),
    since: z.string().optional(),
    address: z.string().optional(),
    reason: z.string().optional().meta({ description: 'Why the broker says it disconnected' }),
    certificateId: z.string().optional().meta({ description: 'Certificate that it connected by' }),
  })
  .meta({ id: 'Connection' });
export type Connection = z.infer<typeof connection>;

/** A device as it is answered. */
export const device = deviceMetadata
  .extend({
    id: slug,
    site: slug,
    type: slug,
    state: z.enum(DEVICE_STATES),
    certificateId: z.string().optional().meta({ description: 'The newest certificate that counts' }),
    renewBefore: z.string().optional().meta({
      format: 'date-time',
      description:
        'When that certificate is to be replaced; absent for devices registered before this was kept',
    }),
    createdAt: z.string(),
    createdBy: z.string(),
    updatedAt: z.string(),
    version: z.int().min(1),
  })
  .strip()
  .meta({ id: 'Device' });
export type Device = z.infer<typeof device>;

const READ_DEVICE_BY_DEVICE = ['search', 'presence', 'attribute'] as const;

/** What devices are looked for by. */
export const deviceSearch = z
  .object({
    site: slug.optional().meta({ description: 'Required with `search`, `presence` and `attribute`' }),
    type: slug.optional(),
    state: z.enum(DEVICE_STATES).optional(),
    search: z.string().min(1).max(120).optional().meta({
      description: 'Beginning of the identifier, name or serial number, in whatever case',
    }),
    presence: z
      .enum(
        connection.shape.state.options,
        'use online, offline or unknown: whether one is suspect is told from its data, see its /presence',
      )
      .optional()
      .meta({ description: 'What the broker says of the connection' }),
    attribute: z
      .string()
      .max(190)
      .regex(/^[a-z0-9-]{1,63}(:|$)/, 'use LABEL or LABEL:VALUE')
      .optional()
      .meta({ description: '`LABEL`, or `LABEL:VALUE`' }),
  })
  .strict();
export type DeviceSearch = z.infer<typeof deviceSearch>;

/**
 * Refuses what could only be had by reading every device of every site.
 * @returns what is missing, or `undefined`
 */
export const searchFault = (asked: DeviceSearch): string | undefined => {
  const [first] = READ_DEVICE_BY_DEVICE.filter((name) => asked[name] !== undefined);
  return first === undefined || asked.site !== undefined
    ? undefined
    : `name a site: ${first} is looked for among the devices of one`;
};

/** One device with what the broker and the device itself say. */
export const deviceDetail = device
  .extend({
    connection,
    reported: deviceFacts.extend({ at: z.string() }).meta({ id: 'ReportedFacts' }).optional(),
    lease: lease.optional().meta({ description: 'Who alone may command it now' }),
  })
  .meta({ id: 'DeviceDetail' });
export type DeviceDetail = z.infer<typeof deviceDetail>;

/** What is sent to register a device. */
export const registration = deviceMetadata
  .extend({
    id: slug,
    site: slug,
    type: slug,
    csr,
  })
  .strict()
  .meta({ id: 'Registration' });
export type Registration = z.infer<typeof registration>;

/** Where a device speaks and listens. */
export const deviceTopics = z.object({
  data: z.string(),
  basicIngest: z.string().meta({
    description: 'In place of `data`: costs no messaging, and nobody hears it live (AWS IoT Basic Ingest)',
  }),
  ack: z.string(),
  errors: z.string(),
  commands: z.string().meta({
    description:
      'Filter to subscribe to for commands. Replies go to the topic of the command and one more level',
  }),
});
export type DeviceTopics = z.infer<typeof deviceTopics>;

/** What is sent to move a device to another site. */
export const move = z.object({ site: slug, reason }).strict().meta({ id: 'Move' });

/** A device that was moved, and where it speaks from now on. */
export const moved = z.object({ device, topics: deviceTopics }).meta({ id: 'Moved' });
export type Moved = z.infer<typeof moved>;

/** Everything a device needs to connect. */
export const registered = z
  .object({
    device,
    certificate: z.string().meta({ description: 'PEM' }),
    ca: z.string().meta({ description: 'PEM bundle that the broker is to be trusted by' }),
    endpoint: z.object({ host: z.string(), port: z.int() }),
    clientId: z.string(),
    topics: deviceTopics,
  })
  .meta({ id: 'Registered' });
export type Registered = z.infer<typeof registered>;
