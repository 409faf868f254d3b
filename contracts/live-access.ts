/** What a person may do over the live connection: the authorizer, the page and the tests read this one function. */
import { liveTopics, PERSON_SUBJECT } from './messages/live.ts';
import { upstream } from './messages/topics.ts';
import { allowedSites, type Permission, type Principal } from './roles.ts';

/** Topic filters that AWS IoT takes in one SUBSCRIBE. */
export const FILTERS_A_REQUEST = 8;

/** What a person may do. */
export interface LiveAccess {
  /** `principalId` of an authorizer: letters and digits alone. */
  readonly principalId: string;
  /**
   * What the client id of each connection begins with; a random suffix follows, another one a tab, as two connections
   * of one client id end each other. No device can be called so: its name has no dot.
   */
  readonly clientPrefix: string;
  /** MQTT topic filters: these, and what is within them, may be subscribed to. */
  readonly subscribe: readonly string[];
  /** MQTT topic filters: topics within them may be published to. */
  readonly publish: readonly string[];
}

/** What the client ids of people begin with. */
export const PERSON_CLIENTS = 'person.';

/**
 * What a principal may do over the live connection.
 * @returns `undefined` for a program, and for a person without any right here: they may not connect
 */
export const liveAccess = (principal: Principal): LiveAccess | undefined => {
  const { subject, kind } = principal;
  if (kind !== 'user' || !PERSON_SUBJECT.test(subject)) return undefined;
  const principalId = subject.replaceAll('-', '');
  if (principalId === '') return undefined;
  const at = (permission: Permission, filterOf: (site: string) => string): string[] => {
    const sites = allowedSites(principal, permission);
    return (sites === 'all' ? ['+'] : sites).map(filterOf);
  };
  const subscribe = [
    ...at('series:read', (site) => upstream.data({ site, device: '+' })),
    ...at('live:read', liveTopics.all),
  ];
  const publish = at('live:post', (site) => liveTopics.room(site, '+', subject));
  if (subscribe.length + publish.length === 0) return undefined;
  return { principalId, clientPrefix: `${PERSON_CLIENTS}${principalId}.`, subscribe, publish };
};

/** Levels of the longest topic that people publish on. */
export const PUBLISHED_LEVELS = liveTopics.room('+', '+', '+').split('/').length;

/** The user name of CONNECT that names an authorizer to AWS IoT. The token is the password. */
export const liveUsername = (authorizer: string): string =>
  `labgate?x-amz-customauthorizer-name=${encodeURIComponent(authorizer)}`;

/** Topics on which functions, and nobody else, publish: what their grants name. */
export const LIVE_GRANTS = {
  presence: liveTopics.presence({ site: '*', device: '*' }),
  commands: liveTopics.command({ site: '*', device: '*' }, '*'),
  alerts: liveTopics.alert({ site: '*', device: '*' }, '*'),
} as const;
