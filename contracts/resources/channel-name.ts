/** Names of channels. */
import * as z from 'zod';

/** What {@link channelName} is, beside its length. */
export const CHANNEL_NAME = /^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/;

/** Channel name: lower-case dotted words, e.g. `chamber.temp`. */
export const channelName = z
  .string()
  .max(64)
  .regex(
    CHANNEL_NAME,
    'use lower-case words of letters, digits, _ and -, joined by dots, starting with a letter',
  );
