/** How CSV is written. */
import * as z from 'zod';

/** For programs as it is (RFC 4180), or for people who open it in a spreadsheet. */
export const CSV_STYLES = ['plain', 'spreadsheet'] as const;
export type CsvStyle = (typeof CSV_STYLES)[number];

/** The option of whoever asks for CSV. */
export const csvStyle = z.enum(CSV_STYLES).optional().meta({
  description:
    "Of CSV alone. plain (the default): RFC 4180, every text as it is, for programs. spreadsheet: a byte order mark first, and a ' before each text that a spreadsheet would take for a formula (those that begin with =, +, -, @, a tab or a line break); numbers stay as they are",
});
