/** Sites: where devices stand. A site is there as soon as a device or a description names it. */
import * as z from 'zod';
import { slug } from '../messages/topics.ts';
import { storableNumber } from '../numbers.ts';
import { timeZone } from '../time.ts';
import { reason } from './reason.ts';

/** Degrees of WGS 84. */
export const position = z
  .object({
    latitude: storableNumber(z.number().min(-90).max(90)),
    longitude: storableNumber(z.number().min(-180).max(180)),
  })
  .strict()
  .meta({ id: 'PositionInput', outputId: 'Position' });

/** Whom to ask. */
export const contact = z
  .object({
    name: z.string().min(1).max(120).optional(),
    email: z.email().max(254).optional(),
    phone: z.string().min(1).max(40).optional(),
  })
  .strict()
  .meta({ id: 'ContactInput', outputId: 'Contact' });

/** What people say of a site. */
export const siteDescription = z.object({
  name: z.string().min(1).max(120),
  timeZone: timeZone.meta({ description: 'Of the IANA database' }),
  address: z.string().min(1).max(500).optional(),
  position: position.optional().meta({ description: 'For a map' }),
  contact: contact.optional().meta({ description: 'Whom to ask' }),
});
export type SiteDescription = z.infer<typeof siteDescription>;

/** What is sent to describe a site: the whole description, and why. */
export const siteInput = siteDescription.extend({ reason }).strict().meta({ id: 'SiteInput' });

/** A site as it is answered. */
export const site = siteDescription
  .partial()
  .extend({
    id: slug,
    described: z.boolean().meta({
      description: 'False: devices are registered at it, and nobody has said what it is',
    }),
    version: z.int().min(0).meta({ description: '0 while it is not described' }),
    updatedAt: z.string().optional(),
    updatedBy: z.string().optional(),
  })
  .strip()
  .meta({ id: 'Site' });
export type Site = z.infer<typeof site>;
