/** Credentials of another role, for what must not be done with the function's own. */
import { callQuery } from './calls.ts';
import type { Credentials } from './sign.ts';

/** An hour is the most for a role that takes another. */
const DURATION_SECONDS = 3600;
/** Clocks differ, and a call takes its time. */
const MARGIN_SECONDS = 60;

interface Session {
  readonly credentials: Credentials;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

const textOf = (xml: string, name: string): string => {
  const [, text] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml) ?? [];
  if (text === undefined) throw new Error(`STS answered without ${name}`);
  return text;
};

const assumeRole = async (roleArn: string, session: string): Promise<Session> => {
  const answer = await callQuery('sts', '2011-06-15', 'AssumeRole', {
    RoleArn: roleArn,
    RoleSessionName: session,
    DurationSeconds: String(DURATION_SECONDS),
  });
  return {
    credentials: {
      accessKeyId: textOf(answer, 'AccessKeyId'),
      secretAccessKey: textOf(answer, 'SecretAccessKey'),
      sessionToken: textOf(answer, 'SessionToken'),
    },
    expires: Date.parse(textOf(answer, 'Expiration')),
  };
};

/** Credentials that last for at least so many seconds, of up to an hour. */
export type CredentialsFor = (seconds: number) => Promise<Credentials>;

/**
 * A way to the credentials of a role, which are used until shortly before they end.
 * @param session what the account's log calls who uses them
 * @throws {CallRefused} or {NoAnswer} from the function that is returned
 */
export const credentialsOfRole = (roleArn: string, session: string): CredentialsFor => {
  let known: Session | undefined;
  let asked: Promise<Session> | undefined;
  return async (seconds) => {
    const until = Date.now() + (seconds + MARGIN_SECONDS) * 1000;
    if (known !== undefined && known.expires >= until) return known.credentials;
    // Who comes meanwhile waits for the same answer: a page of files asks for hundreds of links at once.
    asked ??= assumeRole(roleArn, session).finally(() => {
      asked = undefined;
    });
    known = await asked;
    return known.credentials;
  };
};
