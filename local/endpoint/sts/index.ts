/** STS of the assembly: who calls, and credentials of a role for whom its trust policy lets take it. */
import { createHash } from 'node:crypto';
import type { AccessRequest, Assembly, AwsRequest, AwsResponse, AwsService, Iam } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { arnResource } from '../arn.ts';
import { element, queryReply } from '../xml.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Parameters of AssumeRole that are read; the others would make the session smaller, or the trust depend on them. */
const KNOWN = new Set(['Action', 'Version', 'RoleArn', 'RoleSessionName', 'DurationSeconds']);
const SHORTEST_SECONDS = 900;
/** Roles that a role takes end after an hour ("role chaining"), and others unless they say more. */
const LONGEST_SECONDS = 3600;

const invalid = (message: string) => new AwsError('ValidationError', message);

const formOf = ({ body }: AwsRequest): URLSearchParams => new URLSearchParams(body.toString('utf8'));

export class StsService implements AwsService {
  readonly #assembly: Assembly;
  readonly #iam: Iam;

  constructor(assembly: Assembly, iam: Iam) {
    this.#assembly = assembly;
    this.#iam = iam;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const form = formOf(request);
    switch (form.get('Action')) {
      case 'GetCallerIdentity':
        return [];
      case 'AssumeRole':
        return [{ action: 'sts:AssumeRole', resource: form.get('RoleArn') ?? '' }];
      default:
        throw new AwsError('InvalidAction', `the local STS does not know ${form.get('Action')}`);
    }
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const form = formOf(request);
    return form.get('Action') === 'AssumeRole' ? this.#assumeRole(form) : this.#callerIdentity(request);
  }

  #callerIdentity({ caller, session }: AwsRequest): AwsResponse {
    const { arn, id } = this.#sessionOf(caller, session);
    const account = element('Account', this.#assembly.account);
    return queryReply(
      'GetCallerIdentity',
      NAMESPACE,
      `${element('Arn', arn)}${element('UserId', id)}${account}`,
    );
  }

  /** Its role has been authorized, and so exists. */
  #assumeRole(form: URLSearchParams): AwsResponse {
    const unknown = [...form.keys()].find((name) => !KNOWN.has(name));
    if (unknown !== undefined)
      throw invalid(`the local STS does not know the parameter ${unknown} of AssumeRole`);
    const session = form.get('RoleSessionName') ?? '';
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw invalid('RoleSessionName is missing, or not valid');
    const seconds = Number(form.get('DurationSeconds') ?? LONGEST_SECONDS);
    if (!Number.isInteger(seconds) || seconds < SHORTEST_SECONDS || seconds > LONGEST_SECONDS) {
      throw invalid(`DurationSeconds must be a number from ${SHORTEST_SECONDS} to ${LONGEST_SECONDS}`);
    }
    const roleArn = form.get('RoleArn') ?? '';
    const key = this.#iam.assume(roleArn, session, seconds);
    const { arn, id } = this.#sessionOf(roleArn, session);
    const credentials = [
      element('AccessKeyId', key.accessKeyId),
      element('SecretAccessKey', key.secretAccessKey),
      element('SessionToken', key.sessionToken),
      element('Expiration', new Date(key.expires).toISOString()),
    ].join('');
    const user = `${element('AssumedRoleId', id)}${element('Arn', arn)}`;
    return queryReply(
      'AssumeRole',
      NAMESPACE,
      `<Credentials>${credentials}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`,
    );
  }

  /** ARN and id that a principal has while it calls: a role has those of its session. */
  #sessionOf(principal: string, session: string): { readonly arn: string; readonly id: string } {
    const digest = createHash('sha256').update(principal).digest('hex').slice(0, 17).toUpperCase();
    const [kind, ...path] = arnResource(principal).split('/');
    if (kind !== 'role') return { arn: principal, id: `AIDA${digest}` };
    return {
      arn: `arn:aws:sts::${this.#assembly.account}:assumed-role/${path.at(-1)}/${session}`,
      id: `AROA${digest}:${session}`,
    };
  }
}
