/** Lists in queries, written with commas. */
import * as z from 'zod';

/**
 * A list in a query: a comma between each two.
 * @param pattern of an item, for the contract
 */
export const commaList = <T extends z.ZodType<unknown, string>>(item: T, max: number, pattern: string) =>
  z
    .string()
    .transform((text, context) => {
      const parts = text.split(',').map((part) => part.trim());
      if (parts.length > max) context.addIssue({ code: 'custom', message: `name ${max} at most` });
      // Lists are sets: what is named twice is named once.
      return [...new Set(parts)];
    })
    .pipe(z.array(item))
    .meta({ type: 'string', pattern: `^ *(?:${pattern})(?: *, *(?:${pattern})){0,${max - 1}} *$` });

/** A regular expression without its ends, as a part of another one. */
export const inner = (pattern: RegExp): string => pattern.source.replace(/^\^|\$$/g, '');
