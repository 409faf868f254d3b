/** What the reply of a device does to a command. */
import type { Reply } from '../../../contracts/messages/commands.ts';
import type { ReplyTopic } from '../../../contracts/messages/topics.ts';
import {
  type Command,
  type CommandProgress,
  isFinal,
  type WithoutEffect,
} from '../../../contracts/resources/commands.ts';
import { begun, type KeptCommand, type Known, keepWithoutEffect, take } from './kept-command.ts';
import type { Step } from './states.ts';

/** A reply as it came. */
export interface Heard {
  readonly topic: string;
  /** Site, device and command by the topic: only the device itself may publish there. */
  readonly from: ReplyTopic;
  /** When the broker took it. */
  readonly receivedAt: Date;
  /** Undefined when it cannot be read. */
  readonly reply: Reply | undefined;
  /** What is wrong with one that cannot be read. */
  readonly fault?: string;
}

/** Reports with a partial result that are kept. */
const PARTS_KEPT = 20;
/** Bytes of them, at most: the command has to fit into an item. */
const PARTS_BYTES = 64 * 1024;

const stepOf = (reply: Reply): Step => {
  switch (reply.kind) {
    case 'accepted':
      return 'accept';
    case 'rejected':
      return 'reject';
    case 'progress':
      return 'progress';
    case 'result':
      return reply.ok ? 'succeed' : 'fail';
  }
};

const progressOf = (reply: Extract<Reply, { kind: 'progress' }>, at: Date): CommandProgress => {
  const { seq, percent, detail, value } = reply;
  return {
    seq,
    at: at.toISOString(),
    ...(percent === undefined ? {} : { percent }),
    ...(detail === undefined ? {} : { detail }),
    ...(value === undefined ? {} : { value }),
  };
};

const withPart = (parts: readonly CommandProgress[], part: CommandProgress): CommandProgress[] => {
  const kept = [...parts, part].slice(-PARTS_KEPT);
  while (kept.length > 1 && JSON.stringify(kept).length > PARTS_BYTES) kept.shift();
  return kept;
};

/** What a reply changes of a command besides its state. */
const changeBy = (command: Command, reply: Reply, at: Date): Partial<Command> => {
  switch (reply.kind) {
    case 'accepted':
      return {};
    case 'rejected':
      return { failure: { code: reply.code, detail: reply.detail } };
    case 'progress': {
      const progress = progressOf(reply, at);
      return {
        progress,
        ...(reply.value === undefined ? {} : { parts: withPart(command.parts ?? [], progress) }),
      };
    }
    case 'result':
      if (!reply.ok) return { failure: { code: reply.code, detail: reply.detail } };
      return reply.value === undefined ? {} : { result: reply.value };
  }
};

/** Whether the same has been heard before. */
const isRepeated = ({ command, transitions }: KeptCommand, topic: string, reply: Reply): boolean =>
  reply.kind === 'progress'
    ? command.progress?.seq === reply.seq
    : transitions.some(({ evidence }) => evidence.topic === topic);

const isStale = ({ progress }: Command, reply: Reply): boolean =>
  reply.kind === 'progress' && progress !== undefined && reply.seq <= progress.seq;

/**
 * Takes a reply.
 * @returns the command one version on, or `undefined` when nothing more is kept of what has no effect
 */
export const hear = (kept: KeptCommand, heard: Heard): KeptCommand | undefined => {
  const { command } = kept;
  const { topic, from, receivedAt, reply } = heard;
  const deviceTime = reply?.at;
  const known: Known = {
    at: receivedAt,
    by: { kind: 'device', subject: from.device, name: from.device },
    evidence: {
      kind: 'reply',
      topic,
      receivedAt: receivedAt.toISOString(),
      ...(deviceTime === undefined ? {} : { deviceTime }),
      ...(heard.fault === undefined ? {} : { detail: heard.fault.slice(0, 300) }),
    },
  };
  const set = (why: WithoutEffect['why']): KeptCommand | undefined => keepWithoutEffect(kept, known, why);
  if (from.device !== command.device || from.site !== command.site) return set('another-device');
  if (reply === undefined) return set('unreadable');
  if (isRepeated(kept, topic, reply)) return set('repeated');
  if (isFinal(command.state)) return set('too-late');
  if (isStale(command, reply)) return set('out-of-order');
  const change = { ...begun(command, receivedAt), ...changeBy(command, reply, receivedAt) };
  return take(kept, stepOf(reply), known, change) ?? set('out-of-order');
};
