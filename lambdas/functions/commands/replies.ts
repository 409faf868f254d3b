/** Takes what devices say of commands. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { CommandWork } from '../../../contracts/messages/command-work.ts';
import { REPLIES, type Reply } from '../../../contracts/messages/commands.ts';
import { parseReplyTopic, type ReplyTopic } from '../../../contracts/messages/topics.ts';
import { type Heard, hear } from '../../domain/commands/replies.ts';
import { changeCommand } from '../../store/registry/commands.ts';
import type { Dependencies } from './dispatch.ts';

const read = ({ kind }: ReplyTopic, bytes: Buffer): Pick<Heard, 'reply' | 'fault'> => {
  if (bytes.length > LIMITS.replyBytes)
    return { reply: undefined, fault: `${bytes.length} bytes; a reply has ${LIMITS.replyBytes} at most` };
  try {
    const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return { reply: { kind, ...REPLIES[kind].parse(document) } as Reply };
  } catch (error) {
    return { reply: undefined, fault: error instanceof Error ? error.message : String(error) };
  }
};

/**
 * Takes a reply. 1 read, 1 write; the last reply of a command 1 write more.
 * @returns what became of it; `unknown`: there is no such command
 */
export const takeReply = async (
  { registry, changed: tell, logStep }: Pick<Dependencies, 'registry' | 'changed' | 'logStep'>,
  { topic, payload, at }: Extract<CommandWork, { kind: 'reply' }>,
): Promise<'taken' | 'without-effect' | 'unknown'> => {
  const from = parseReplyTopic(topic);
  if (from === undefined) return 'unknown';
  const heard: Heard = {
    topic,
    from,
    receivedAt: new Date(at),
    ...read(from, Buffer.from(payload, 'base64')),
  };
  let before = 0;
  const changed = await changeCommand(registry, from.command, (kept) => {
    before = kept.withoutEffectCount;
    return hear(kept, heard);
  });
  if (changed === undefined) return 'unknown';
  const isTaken = changed.changed && changed.kept.withoutEffectCount === before;
  logStep(isTaken ? 'a reply was taken' : 'a reply was without effect', changed.kept.command);
  if (!isTaken) return 'without-effect';
  tell(changed.kept.command);
  return 'taken';
};
