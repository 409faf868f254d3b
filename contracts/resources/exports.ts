/** Exports: points of devices as files, with a manifest that tells what they are and what they must be. */
import * as z from 'zod';
import { csvStyle } from '../csv.ts';
import { LIMITS } from '../limits.ts';
import { slug } from '../messages/topics.ts';
import { timeInput } from '../time.ts';
import { channelName } from './channel-name.ts';

/** How long an export is kept. */
export const EXPORT_DAYS = 7;
/** How long a link to a file works; another one is given to who asks again. */
export const LINK_SECONDS = 900;
/** Devices of one export, at most. */
export const EXPORT_DEVICES = 100;
/** Exports that one person or program may order on a day in UTC. */
export const EXPORTS_A_DAY = 100;
/** Files of a page: when not asked, and at most. */
export const EXPORT_FILES = { usual: 100, most: 500 } as const;

/** Formats of the files. */
export const EXPORT_FORMATS = ['csv', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const unique = (list: readonly string[]): boolean => new Set(list).size === list.length;

/** What a caller sends to have an export made. */
export const exportRequest = z
  .object({
    devices: z
      .array(slug)
      .min(1)
      .max(EXPORT_DEVICES)
      .refine(unique, 'name each device once')
      .meta({ uniqueItems: true }),
    channels: z
      .array(channelName)
      .min(1)
      .max(LIMITS.channels)
      .refine(unique, 'name each channel once')
      .optional()
      .meta({ description: 'All when absent', uniqueItems: true }),
    from: timeInput.meta({ description: 'First time, included' }),
    to: timeInput.optional().meta({ description: 'End, excluded; now when absent' }),
    format: z.enum(EXPORT_FORMATS).default('csv'),
    csv: csvStyle,
  })
  .strict()
  .refine(({ from, to }) => to === undefined || from <= to, {
    message: 'from must not lie after to',
    path: ['from'],
  })
  .refine(({ format, csv }) => csv === undefined || format === 'csv', {
    message: 'goes with the format csv',
    path: ['csv'],
  })
  .meta({ id: 'ExportRequest' });
export type ExportRequest = z.infer<typeof exportRequest>;

/** A request as it is carried out. */
export const exportQuery = z
  .object({
    devices: z.array(z.string()),
    channels: z.array(z.string()).nullable(),
    from: z.string(),
    to: z.string(),
    format: z.enum(EXPORT_FORMATS),
    csv: csvStyle,
  })
  .meta({ id: 'ExportQuery' });
export type ExportQuery = z.infer<typeof exportQuery>;

/** Life of an export; the last four are for good. */
export const EXPORT_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

const sha256 = z.string().meta({ description: 'SHA-256 in hexadecimal' });
const link = z.string().meta({ description: `Address that works for ${LINK_SECONDS / 60} minutes` });

/** An export as it is answered: how far it is, and once it has succeeded where its manifest is. */
export const exportJob = z
  .object({
    id: z.string(),
    state: z.enum(EXPORT_STATES),
    query: exportQuery,
    createdAt: z.string(),
    createdBy: z.string(),
    expiresAt: z.string().meta({ description: 'When its files are taken away' }),
    progress: z.object({
      share: z.number().min(0).max(1),
      files: z.int(),
      rows: z.int(),
      bytes: z.int(),
    }),
    manifest: z.object({ url: link, sha256 }).optional().meta({ description: 'Once it has succeeded' }),
  })
  .meta({ id: 'Export' });
export type ExportJob = z.infer<typeof exportJob>;

/** A file as the manifest tells of it: points of one device, by time and of one time by channel. */
export const exportFile = z.object({
  name: z.string(),
  device: z.string(),
  rows: z.int(),
  bytes: z.int(),
  sha256,
  channels: z
    .record(z.string(), z.object({ unit: z.string(), type: z.string() }))
    .meta({ description: 'Those in the file, by name' }),
});
export type ExportFile = z.infer<typeof exportFile>;

/** A file that can be got. */
export const linkedFile = exportFile.extend({ url: link }).meta({ id: 'ExportFile' });

/** `manifest.json`: the same export always has the same. */
export const exportManifest = z.object({
  export: z.string(),
  query: exportQuery,
  schema: z.object({
    mediaType: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string(), description: z.string() })),
  }),
  rows: z.int(),
  bytes: z.int(),
  files: z.array(exportFile),
});
export type ExportManifest = z.infer<typeof exportManifest>;

/** Query of `GET /v1/exports/{id}/files`. */
export const exportFilesQuery = z
  .object({
    limit: z.coerce.number().int().min(1).max(EXPORT_FILES.most).optional(),
    cursor: z.string().max(1024).optional().meta({ description: '`next` of the page before' }),
  })
  .strict();

/** Columns of the files of a format, the same in all files: those of a query of several devices with channels of every type. */
export const EXPORT_SCHEMAS: Readonly<Record<ExportFormat, ExportManifest['schema']>> = {
  csv: {
    mediaType: 'text/csv; charset=utf-8; header=present',
    columns: [
      { name: 'device', type: 'text', description: 'Identifier of the device' },
      { name: 'time', type: 'time', description: 'RFC 3339 in UTC, to the microsecond' },
      { name: 'channel', type: 'text', description: 'Name of the channel' },
      {
        name: 'value',
        type: 'number, true, false or text',
        description: 'As the channel declares; an empty text is ""',
      },
      { name: 'unit', type: 'text', description: 'UCUM code' },
      { name: 'quality', type: 'text', description: 'Status, or status/reason' },
    ],
  },
  parquet: {
    mediaType: 'application/vnd.apache.parquet',
    columns: [
      { name: 'device', type: 'STRING', description: 'Identifier of the device' },
      { name: 'time', type: 'TIMESTAMP(MICROS, UTC)', description: 'When it was measured' },
      { name: 'channel', type: 'STRING', description: 'Name of the channel' },
      { name: 'value', type: 'DOUBLE', description: 'Value of a number or integer channel, else null' },
      { name: 'value_text', type: 'STRING', description: 'Value of a string channel, else null' },
      { name: 'value_truth', type: 'BOOLEAN', description: 'Value of a boolean channel, else null' },
      { name: 'unit', type: 'STRING', description: 'UCUM code' },
      { name: 'quality', type: 'STRING', description: 'Status, or status/reason' },
    ],
  },
};
