/**
 * Rule action `republish`: the result goes back to the broker under another topic.
 */
import type { Iam } from '../../types.ts';
import type { Message } from '../sql/message.ts';
import { compileTemplate } from '../sql/template.ts';
import { type Action, type Parameters, UnsupportedAction } from './action.ts';

/** Hands a message to the broker and its rules. */
export type Republish = (message: Message, topic: string, payload: Buffer, qos: 0 | 1) => Promise<void>;

/**
 * An action that publishes again.
 * @throws {UnsupportedAction} for a QoS that is not 0 or 1
 */
export const republishAction = (
  parameters: Parameters,
  iam: Iam,
  topicArn: (topic: string) => string,
  republish: Republish,
): Action => {
  const role = parameters.text('RoleArn');
  const source = parameters.text('Topic');
  // `$${topic()}`-like topics are written with a doubled dollar sign when they begin with $aws.
  const topic = compileTemplate(source.startsWith('$$') ? source.slice(1) : source);
  const qos = parameters.optional('Qos') ?? '0';
  if (qos !== '0' && qos !== '1') throw new UnsupportedAction(`republish with Qos ${qos} is not supported`);
  return {
    type: 'RepublishAction',
    resource: source,
    run(message, payload, done) {
      const target = topic(message);
      try {
        iam.authorize(role, { action: 'iot:Publish', resource: topicArn(target) });
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      republish(message, target, payload, qos === '1' ? 1 : 0).then(() => done(), done);
    },
  };
};
