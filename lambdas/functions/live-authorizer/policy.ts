/** What a person may do over MQTT, as policies of AWS IoT. */
import { type LiveAccess, PUBLISHED_LEVELS } from '../../../contracts/live-access.ts';
import { LIVE_ROOT } from '../../../contracts/messages/live.ts';

/** AWS IoT takes so many documents of an authorizer, each of so many characters. */
const MOST_DOCUMENTS = 10;
const MOST_CHARACTERS = 2048;

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: readonly string[];
}

/** A policy document. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** Somebody holds roles at more sites than policies have room for. */
export class TooManySites extends Error {
  override readonly name = 'TooManySites';
}

/** A filter as the pattern of a policy: `*` stands for what `+` and `#` do, and for slashes as well. */
const patternOf = (filter: string): string => filter.replaceAll(/[+#]/g, '*');

const documentOf = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});

/**
 * A filter is compared as it is written, a topic by the pattern, so reading takes both: `topicfilter/` to subscribe,
 * `topic/` to receive.
 */
const readable = (arn: (kind: string, name: string) => string, filter: string): Statement => ({
  Effect: 'Allow',
  Action: ['iot:Subscribe', 'iot:Receive'],
  Resource: [arn('topicfilter', patternOf(filter)), arn('topic', patternOf(filter))],
});

/**
 * The documents: connect under one's own prefix, hear one's sites, speak in rooms as oneself.
 * @param arnPrefix e.g. `arn:aws:iot:us-east-1:123456789012:`
 * @throws {TooManySites}
 */
export const policyDocuments = (access: LiveAccess, arnPrefix: string): PolicyDocument[] => {
  const arn = (kind: string, name: string): string => `${arnPrefix}${kind}/${name}`;
  const statements: Statement[] = [
    { Effect: 'Allow', Action: 'iot:Connect', Resource: [arn('client', `${access.clientPrefix}*`)] },
    // A `*` of the pattern of rooms could stand for several levels, of other kinds of topics too. Not with this.
    {
      Effect: 'Deny',
      Action: 'iot:Publish',
      Resource: [arn('topic', [LIVE_ROOT, ...Array<string>(PUBLISHED_LEVELS).fill('*')].join('/'))],
    },
    ...access.publish.map(
      (filter): Statement => ({
        Effect: 'Allow',
        Action: 'iot:Publish',
        Resource: [arn('topic', patternOf(filter))],
      }),
    ),
    ...access.subscribe.map((filter) => readable(arn, filter)),
  ];
  const documents: Statement[][] = [];
  for (const statement of merged(statements)) {
    const last = documents.at(-1);
    if (last !== undefined && lengthOf([...last, statement]) <= MOST_CHARACTERS) last.push(statement);
    else documents.push([statement]);
  }
  if (documents.length > MOST_DOCUMENTS)
    throw new TooManySites(
      `${documents.length} policy documents are needed, and AWS IoT takes ${MOST_DOCUMENTS}`,
    );
  return documents.map(documentOf);
};

const lengthOf = (statements: readonly Statement[]): number => JSON.stringify(documentOf(statements)).length;

/** Joins statements of the same kind, as long as one alone does not fill a document. */
const merged = (statements: readonly Statement[]): Statement[] => {
  const joined: Statement[] = [];
  for (const statement of statements) {
    const at = joined.findLastIndex(
      ({ Effect, Action }) => Effect === statement.Effect && String(Action) === String(statement.Action),
    );
    const known = joined[at];
    const both = known && { ...known, Resource: [...known.Resource, ...statement.Resource] };
    if (both !== undefined && lengthOf([both]) <= MOST_CHARACTERS) joined[at] = both;
    else joined.push(statement);
  }
  return joined;
};
