/**
 * Topic rules: which of them a message reaches, and their actions run.
 */

import { randomUUID } from 'node:crypto';
import { isObject } from '../../contracts/json.ts';
import type { Log, Resource } from '../types.ts';
import type { Action, Done } from './actions/action.ts';
import { asError } from './actions/batcher.ts';
import type { ActionFactory } from './actions/index.ts';
import { compileQuery, type Query } from './sql/evaluate.ts';
import { Message } from './sql/message.ts';
import { levelsOf, type TopicFilter, topicFilter } from './topic-filter.ts';

/** Beyond this many bytes on their way to actions, publishers wait for their acknowledgement. */
const HIGH_WATER = 16 * 1024 * 1024;
const LOW_WATER = HIGH_WATER / 2;
/** What is remembered about topics, at most. */
const MAX_TOPICS = 50_000;
/** A rule that republishes into itself would never end. */
const MAX_HOPS = 10;

const BASIC_INGEST = '$aws/rules/';

interface Rule {
  readonly name: string;
  readonly query: Query;
  readonly filter: TopicFilter | undefined;
  readonly actions: readonly Action[];
  readonly errorAction: Action | undefined;
}

/** A message as the broker hands it over. */
export interface Publication {
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string;
  readonly principal: string;
  readonly sourceIp: string;
  /** How many rules have republished it. */
  readonly hops?: number;
}

export interface RuleStats {
  /** Messages that came in. */
  readonly received: number;
  /** Runs of rules whose WHERE let the message through. */
  readonly matched: number;
  /** Action runs that succeeded. */
  readonly succeeded: number;
  /** Action runs that failed for good. */
  readonly failed: number;
  /** Failures that no error action took: what they carried is lost. */
  readonly lost: number;
  /** Messages on which a statement could not be run. */
  readonly sqlErrors: number;
  /** Basic Ingest to a rule that does not exist. */
  readonly ruleNotFound: number;
  /** Bytes of messages on their way to actions. */
  readonly pendingBytes: number;
}

/** See the head of this file. */
export class Rules {
  readonly #rules: readonly Rule[];
  readonly #byName = new Map<string, Rule>();
  readonly #log: Log;
  readonly #account: string;
  /** Which rules a topic reaches, and its levels; rules do not change while the gateway runs. */
  readonly #topics = new Map<
    string,
    { readonly levels: readonly string[]; readonly rules: readonly Rule[] }
  >();
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #hops = new WeakMap<Message, number>();
  #pending = 0;
  readonly #stats = {
    received: 0,
    matched: 0,
    succeeded: 0,
    failed: 0,
    lost: 0,
    sqlErrors: 0,
    ruleNotFound: 0,
    pendingBytes: 0,
  };

  private constructor(rules: readonly Rule[], account: string, log: Log) {
    this.#rules = rules;
    this.#account = account;
    this.#log = log;
    for (const rule of rules) this.#byName.set(rule.name, rule);
  }

  /**
   * Reads all `AWS::IoT::TopicRule` of an assembly.
   * @throws {UnsupportedSql} @throws {UnsupportedAction} naming rule and construct
   */
  static async load(
    resources: readonly Resource[],
    account: string,
    log: Log,
    actions: ActionFactory,
  ): Promise<Rules> {
    const rules: Rule[] = [];
    for (const resource of resources) {
      const rule = await readRule(resource, actions);
      if (rule !== undefined) rules.push(rule);
    }
    return new Rules(rules, account, log);
  }

  get stats(): RuleStats {
    return { ...this.#stats };
  }

  /** Runs the rules that the message reaches. */
  take(publication: Publication): void {
    this.#stats.received++;
    const { topic } = publication;
    if (topic.startsWith(BASIC_INGEST)) {
      this.#takeDirect(publication);
      return;
    }
    const entry = this.#lookUp(topic);
    if (entry.rules.length === 0) return;
    const message = this.#message(publication, topic, entry.levels);
    for (const rule of entry.rules) this.#run(rule, message);
  }

  /** Whether there is room for more. */
  get ready(): boolean {
    return this.#stats.pendingBytes < HIGH_WATER && this.#waiting.length === 0;
  }

  /** Calls back when there is room for more, in the order asked: at once, or when actions have caught up. */
  whenReady(proceed: () => void): void {
    if (this.ready) proceed();
    else this.#waiting.push(proceed);
  }

  /** Resolves when everything taken so far has gone through its actions. */
  async flush(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /**
   * Gives what is still under way a last while to finish, then gives up.
   * @param patience milliseconds
   */
  async close(patience: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([this.flush(), late]);
    clearTimeout(timer);
    if (this.#pending > 0) {
      this.#stats.lost += this.#pending;
      this.#log('error', 'stopped before all messages had gone through their rules', {
        messages: this.#pending,
      });
    }
  }

  /** How many rules have republished a message. @throws when it is too many */
  nextHop(message: Message): number {
    const hops = (this.#hops.get(message) ?? 0) + 1;
    if (hops > MAX_HOPS)
      throw new Error(`a message was republished more than ${MAX_HOPS} times: do rules form a circle?`);
    return hops;
  }

  #takeDirect(publication: Publication): void {
    const rest = publication.topic.slice(BASIC_INGEST.length);
    const slash = rest.indexOf('/');
    const name = slash < 0 ? rest : rest.slice(0, slash);
    const rule = this.#byName.get(name);
    if (rule === undefined) {
      this.#stats.ruleNotFound++;
      this.#log('error', 'RuleNotFound', {
        ruleName: name,
        topic: publication.topic,
        clientId: publication.clientId,
      });
      return;
    }
    const topic = slash < 0 ? '' : rest.slice(slash + 1);
    this.#run(rule, this.#message(publication, topic, levelsOf(topic)));
  }

  #lookUp(topic: string): { readonly levels: readonly string[]; readonly rules: readonly Rule[] } {
    let entry = this.#topics.get(topic);
    if (entry === undefined) {
      const levels = levelsOf(topic);
      entry = { levels, rules: this.#rules.filter((rule) => rule.filter?.matches(levels) === true) };
      // Lifecycle events: each client has topics of its own for them, and comes and goes seldom.
      if (topic.startsWith('$aws/events/')) return entry;
      if (this.#topics.size >= MAX_TOPICS) this.#topics.clear();
      this.#topics.set(topic, entry);
    }
    return entry;
  }

  #message(publication: Publication, topic: string, levels: readonly string[]): Message {
    const message = new Message({
      topic,
      levels,
      payload: publication.payload,
      clientId: publication.clientId,
      principal: publication.principal,
      sourceIp: publication.sourceIp,
      timestamp: Date.now(),
      account: this.#account,
      newTraceId: randomUUID,
    });
    if (publication.hops !== undefined) this.#hops.set(message, publication.hops);
    return message;
  }

  #run(rule: Rule, message: Message): void {
    let payload: Buffer;
    try {
      if (!rule.query.matches(message)) return;
      payload = rule.query.select(message);
    } catch (error) {
      this.#stats.sqlErrors++;
      this.#log('error', 'a rule could not be evaluated', {
        ruleName: rule.name,
        topic: message.topic,
        clientId: message.clientId,
        reason: asError(error).message,
      });
      return;
    }
    this.#stats.matched++;
    this.#begin(message);
    let open = rule.actions.length;
    let failures: Failure[] | undefined;
    for (const action of rule.actions) {
      start(action, message, payload, (failure) => {
        if (failure === undefined) this.#stats.succeeded++;
        else {
          failures ??= [];
          failures.push({ action, failure });
        }
        if (--open > 0) return;
        if (failures === undefined) this.#end(message);
        else this.#fail(rule, message, failures);
      });
    }
    if (rule.actions.length === 0) this.#end(message);
  }

  /** One message to the error action a rule and message, whatever the number of failed actions. */
  #fail(rule: Rule, message: Message, failures: readonly Failure[]): void {
    this.#stats.failed += failures.length;
    const fields = {
      ruleName: rule.name,
      topic: message.topic,
      clientId: message.clientId,
      cloudwatchTraceId: message.traceId,
      failures: failures.map(({ action, failure }) => describe(action, message, failure)),
    };
    const { errorAction } = rule;
    if (errorAction === undefined) {
      this.#stats.lost++;
      this.#log('error', 'a rule action failed and the rule has no error action', fields);
      this.#end(message);
      return;
    }
    this.#log('warn', 'a rule action failed', fields);
    const { ruleName, topic, cloudwatchTraceId, clientId, failures: described } = fields;
    const report = {
      ruleName,
      topic,
      cloudwatchTraceId,
      clientId,
      base64OriginalPayload: message.payload.toString('base64'),
      failures: described,
    };
    start(errorAction, message, Buffer.from(JSON.stringify(report)), (failure) => {
      if (failure !== undefined) {
        this.#stats.lost++;
        this.#log('error', 'the error action of a rule failed', {
          ...fields,
          errorAction: describe(errorAction, message, failure),
        });
      }
      this.#end(message);
    });
  }

  #begin(message: Message): void {
    this.#pending++;
    this.#stats.pendingBytes += message.payload.length;
  }

  #end(message: Message): void {
    this.#pending--;
    this.#stats.pendingBytes -= message.payload.length;
    if (this.#waiting.length > 0 && this.#stats.pendingBytes < LOW_WATER) {
      for (const proceed of this.#waiting.splice(0)) proceed();
    }
    if (this.#pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** A parameter that cannot be computed for this message fails the action, not the gateway. */
const start = (action: Action, message: Message, payload: Buffer, done: Done): void => {
  try {
    action.run(message, payload, done);
  } catch (error) {
    done(asError(error));
  }
};

interface Failure {
  readonly action: Action;
  readonly failure: Error;
}

const describe = (action: Action, message: Message, failure: Error) => ({
  failedAction: action.type,
  failedResource: action.resource,
  errorMessage: `${failure.message} Message arrived on: ${message.topic}, Action: ${action.type}, Resource: ${action.resource}`,
});

const readRule = async (resource: Resource, actions: ActionFactory): Promise<Rule | undefined> => {
  const payload = resource.properties['TopicRulePayload'];
  if (!isObject(payload) || payload['Sql'] === undefined) {
    throw new Error(`AWS::IoT::TopicRule ${resource.logicalId} has no TopicRulePayload.Sql`);
  }
  // AWS takes the oldest version when none is given; that one is not supported here, and the error says so.
  const query = compileQuery(String(payload['Sql']), String(payload['AwsIotSqlVersion'] ?? '2015-10-08'));
  const list = payload['Actions'];
  const name = resource.physicalId;
  const compiled: Action[] = [];
  for (const action of Array.isArray(list) ? list : []) compiled.push(await actions(name, action));
  const error = payload['ErrorAction'];
  const errorAction = error === undefined ? undefined : await actions(name, error);
  if (payload['RuleDisabled'] === true || payload['RuleDisabled'] === 'true') return undefined;
  return {
    name,
    query,
    filter: query.from === undefined ? undefined : topicFilter(query.from),
    actions: compiled,
    errorAction,
  };
};
