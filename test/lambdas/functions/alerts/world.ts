/** The function of alerts over a real table, with a clock, a queue and ears of its own. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { AlertTransition, AlertWork } from '../../../../contracts/messages/alert-work.ts';
import type { AlertRule } from '../../../../contracts/resources/alert-rules.ts';
import type { KeptAlert } from '../../../../lambdas/domain/alerts/life.ts';
import { applyTransition, look } from '../../../../lambdas/functions/alerts/apply.ts';
import { beginCheck, checkPart } from '../../../../lambdas/functions/alerts/check.ts';
import type { Dependencies } from '../../../../lambdas/functions/alerts/dependencies.ts';
import { createLogger } from '../../../../lambdas/runtime/logger.ts';
import { marshalValue } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { toStateItem } from '../../../../lambdas/store/measurements/index.ts';
import { rulesToItem } from '../../../../lambdas/store/registry/alert-rules.ts';
import { readAlert } from '../../../../lambdas/store/registry/alerts.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import type { Aws } from '../../../support/aws.ts';
import type { Oven } from '../../domain/alerts/world.ts';
import { START, TYPE } from '../../domain/alerts/world.ts';

interface Waiting {
  readonly work: AlertWork;
  readonly at: number;
}

export class AlertsWorld {
  readonly aws: Aws;
  /** Seconds after the start. */
  clock = 0;
  queue: Waiting[] = [];
  /** `{id}#{version} {event}` of what people are told of, and of what they are not. */
  readonly told: string[] = [];
  readonly untold: string[] = [];
  readonly deps: Dependencies;

  constructor(aws: Aws) {
    this.aws = aws;
    this.deps = {
      registry: { client: aws.dynamo, table: aws.registryTable },
      measurements: { client: aws.dynamo, table: aws.measurementsTable },
      send: async (work, delay = 0) => {
        this.queue.push({ work: structuredClone(work), at: this.clock + delay });
      },
      announce: async ({ id }, { version, event, told }) => {
        (told ? this.told : this.untold).push(`${id}#${version} ${event}`);
      },
      count: () => undefined,
      logger: createLogger(),
      now: () => new Date(START / 1000 + this.clock * 1000),
    };
  }

  private async put(table: string, Item: PutItemCommand['input']['Item']): Promise<void> {
    await this.aws.dynamo.send(new PutItemCommand({ TableName: table, Item }));
  }

  async rules(...rules: readonly AlertRule[]): Promise<void> {
    await this.put(this.aws.registryTable, typeToItem(TYPE));
    await this.put(this.aws.registryTable, rulesToItem({ type: TYPE.id, version: 1, rules, unread: [] }));
  }

  async device(id: string, state: 'active' | 'retired' = 'active'): Promise<void> {
    const at = new Date(START / 1000).toISOString();
    const device = {
      id,
      site: 'berlin',
      type: TYPE.id,
      state,
      createdAt: at,
      createdBy: 'test',
      updatedAt: at,
      version: 1,
    };
    const enrolment = marshalValue({ requestHash: '', certificateArn: '', certificatePem: '' });
    await this.put(this.aws.registryTable, { ...deviceToItem(device), enrolment });
  }

  /** What `ingest` remembers of a device. */
  async remember(device: string, { state }: Oven): Promise<void> {
    await this.put(this.aws.measurementsTable, toStateItem(device, state));
  }

  apply(transition: AlertTransition): Promise<void> {
    return applyTransition(this.deps, transition);
  }

  /** Goes on by so many seconds, and does what has come due in the queue. */
  async pass(seconds: number): Promise<void> {
    this.clock += seconds;
    for (;;) {
      const due = this.queue.filter(({ at }) => at <= this.clock);
      if (due.length === 0) return;
      this.queue = this.queue.filter(({ at }) => at > this.clock);
      for (const { work } of due) {
        if (work.kind === 'look') await look(this.deps, work.alert);
        else if (work.kind === 'check') await checkPart(this.deps, work);
        else for (const each of work.transitions) await this.apply(each);
      }
    }
  }

  /** A call of the schedule, and all that comes of it. */
  async check(): Promise<void> {
    await beginCheck(this.deps);
    await this.pass(0);
  }

  async alert(id: string): Promise<KeptAlert> {
    const kept = await readAlert(this.deps.registry, id);
    if (kept === undefined) throw new Error(`there is no alert ${id}`);
    return kept;
  }
}
