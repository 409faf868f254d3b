/** Replies to commands, as the platform takes them. */
import { LIMITS } from '../../contracts/limits.ts';
import { REPLIES, type Reply, rejectedReply } from '../../contracts/messages/commands.ts';
import { CommandFailed, CommandRejected, type Json, type ProgressReport } from './handler.ts';

/** Why a command is not done, or did not succeed. */
export interface Reason {
  readonly code: string;
  readonly detail: string;
}

/** Why an error of a handler says that it was. */
export const reasonOf = (error: unknown): Reason => ({
  code: error instanceof CommandFailed || error instanceof CommandRejected ? error.code : 'failed',
  detail: error instanceof Error ? error.message : String(error),
});

const DETAIL_CHARS = 1000;

const now = (): string => new Date().toISOString();

/** The platform would not read a code of another form. */
const readable = ({ code, detail }: Reason): Reason =>
  rejectedReply.shape.code.safeParse(code).success
    ? { code, detail: detail.slice(0, DETAIL_CHARS) }
    : { code: 'failed', detail: `${code}: ${detail}`.slice(0, DETAIL_CHARS) };

export const accepted = (): Reply => ({ kind: 'accepted', v: 1, at: now() });
export const rejected = (reason: Reason): Reply => ({
  kind: 'rejected',
  v: 1,
  at: now(),
  ...readable(reason),
});
export const failed = (reason: Reason): Reply => ({
  kind: 'result',
  v: 1,
  at: now(),
  ok: false,
  ...readable(reason),
});
export const succeeded = (value: Json | undefined): Reply => ({
  kind: 'result',
  v: 1,
  at: now(),
  ok: true,
  ...(value === undefined ? {} : { value }),
});
export const progressed = (seq: number, { percent, detail, value }: ProgressReport): Reply => ({
  kind: 'progress',
  v: 1,
  at: now(),
  seq,
  ...(percent === undefined ? {} : { percent: Math.min(100, Math.max(0, percent)) }),
  ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_CHARS) }),
  ...(value === undefined ? {} : { value }),
});

/**
 * A reply as it is published.
 * @throws {CommandFailed} `result-too-large`, or `invalid-result` where a value is not JSON
 */
export const encodeReply = ({ kind, ...reply }: Reply): string => {
  const { error } = REPLIES[kind].safeParse(reply);
  if (error !== undefined)
    throw new CommandFailed('invalid-result', `${kind} is not JSON as the platform takes it`, {
      cause: error,
    });
  const text = JSON.stringify(reply);
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.replyBytes)
    throw new CommandFailed('result-too-large', `${kind} has ${bytes} bytes, ${LIMITS.replyBytes} are taken`);
  return text;
};
