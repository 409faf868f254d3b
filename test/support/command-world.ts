/**
 * Commands between an API, the function that sends them, a queue and a device, in a time of its own: messages of the
 * queue come late, twice and in any order, functions die at any call, the device crashes and repeats itself. The table
 * is a real one.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { CommandWork } from '../../contracts/messages/command-work.ts';
import type { CommandMessage } from '../../contracts/messages/commands.ts';
import { upstream } from '../../contracts/messages/topics.ts';
import { commandDeclarations } from '../../contracts/resources/command-declarations.ts';
import { instrumentType } from '../../contracts/resources/instrument-types.ts';
import type { Principal } from '../../contracts/roles.ts';
import type { KeptCommand } from '../../lambdas/domain/commands/kept-command.ts';
import { take } from '../../lambdas/domain/commands/kept-command.ts';
import { dispatch, look } from '../../lambdas/functions/commands/dispatch.ts';
import { takeReply } from '../../lambdas/functions/commands/replies.ts';
import { giveCommand } from '../../lambdas/functions/commands-api/order.ts';
import { TypeCache } from '../../lambdas/functions/commands-api/type-cache.ts';
import { ProblemError } from '../../lambdas/runtime/http/problem.ts';
import { readOpen } from '../../lambdas/store/registry/command-places.ts';
import { changeCommand, listDeviceCommands } from '../../lambdas/store/registry/commands.ts';
import { deviceToItem, typeToItem } from '../../lambdas/store/registry/items.ts';
import { applyConnection, createConnection } from '../../lambdas/store/registry/presence.ts';
import type { Aws } from './aws.ts';

const TYPE = instrumentType.parse({
  id: 'oven',
  name: 'Oven',
  channels: { temp: { unit: 'Cel' } },
  commands: commandDeclarations.parse({
    heat: { timeout: 20, expiresAfter: 60, parameters: { properties: { n: { type: 'integer' } } } },
  }),
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
});

/** Somebody for each device: what one person gives within a minute is bounded. */
const personOf = (device: string): Principal => ({
  subject: device,
  name: 'ada',
  kind: 'user',
  grants: [{ role: 'Admin' }],
});

/** What died on the way. */
export class Died extends Error {
  override readonly name = 'Died';
}

interface Queued {
  readonly work: CommandWork;
  readonly at: number;
}

/** What the device remembers of a command, on disk. */
interface Noted {
  executed: number;
  result: object | undefined;
}

/** One history: one device and what happens to it. */
export class CommandWorld {
  readonly device: string;
  readonly noted = new Map<string, Noted>();
  /** Commands that the API has answered with success. */
  readonly answered: string[] = [];
  private readonly aws: Aws;
  private readonly queue: Queued[] = [];
  /** What the broker gave a device that listened. */
  private readonly inbox: CommandMessage[] = [];
  private online = false;
  private order = 0;
  private millis = Date.parse('2026-03-01T00:00:00Z');
  /** Calls until something dies; a `send` or `publish` dies before or after it was done. */
  private fuse = Number.POSITIVE_INFINITY;

  private constructor(aws: Aws, device: string) {
    this.aws = aws;
    this.device = device;
  }

  static async open(aws: Aws, device: string): Promise<CommandWorld> {
    const put = (Item: ReturnType<typeof deviceToItem>) =>
      aws.dynamo.send(new PutItemCommand({ TableName: aws.registryTable, Item }));
    await put(typeToItem(TYPE));
    const at = '2026-03-01T00:00:00.000Z';
    await put(
      deviceToItem({
        id: device,
        site: 'lab',
        type: 'oven',
        state: 'active',
        createdAt: at,
        createdBy: 'ada',
        updatedAt: at,
        version: 1,
      }),
    );
    const world = new CommandWorld(aws, device);
    await createConnection(world.registry, device);
    return world;
  }

  get registry() {
    return { client: this.aws.dynamo, table: this.aws.registryTable };
  }

  private get now(): Date {
    return new Date(this.millis);
  }

  /** Burns the fuse by one call. */
  private burn(): void {
    this.fuse -= 1;
    if (this.fuse === 0) throw new Died('the function died');
  }

  private readonly send = async (work: CommandWork, delaySeconds = 0): Promise<void> => {
    this.burn();
    this.queue.push({ work, at: this.millis + delaySeconds * 1000 });
    this.burn();
  };

  private get dependencies() {
    return {
      registry: this.registry,
      types: new TypeCache(this.registry),
      measurements: { client: this.aws.dynamo, table: this.aws.measurementsTable },
      send: this.send,
      publish: async (_topic: string, document: unknown): Promise<void> => {
        this.burn();
        if (this.online) this.inbox.push(document as CommandMessage);
        this.burn();
      },
      count: () => undefined,
      changed: () => undefined,
      tell: async () => undefined,
      logStep: () => undefined,
      now: () => this.now,
    };
  }

  /** Runs what a function does; it dies where the fuse says. @returns whether it lived */
  private async run(work: () => Promise<unknown>, fuse: number): Promise<boolean> {
    this.fuse = fuse;
    // A table that refuses stands for a function that dies between two writes.
    if (fuse % 2 === 1 && Number.isFinite(fuse))
      for (const action of ['dynamodb:PutItem', 'dynamodb:UpdateItem'])
        this.aws.fail(action, { skip: Math.floor(fuse / 2), when: fuse % 4 === 1 ? 'before' : 'after' });
    try {
      await work();
      return true;
    } catch (error) {
      if (
        error instanceof Died ||
        error instanceof ProblemError ||
        (error instanceof Error && error.name === 'AccessDeniedException')
      )
        return false;
      throw error;
    } finally {
      this.fuse = Number.POSITIVE_INFINITY;
      this.aws.heal();
    }
  }

  async give(n: number, fuse: number): Promise<void> {
    await this.run(async () => {
      const request = { command: 'heat', parameters: { n }, dryRun: false };
      const order = { device: this.device, request, principal: personOf(this.device), now: this.now };
      const { command } = await giveCommand(this.dependencies, {
        ...order,
        key: undefined,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        note: () => undefined,
      });
      this.answered.push(command.id);
    }, fuse);
  }

  async cancelOldest(): Promise<void> {
    const [id] = await readOpen(this.registry, this.device);
    if (id === undefined) return;
    await changeCommand(this.registry, id, (kept) =>
      take(kept, 'cancel', {
        at: this.now,
        by: { kind: 'user', subject: 'ada', name: 'ada' },
        evidence: { kind: 'cancellation' },
      }),
    );
  }

  async connect(online: boolean): Promise<void> {
    if (online === this.online) return;
    this.online = online;
    // A clean session: what was not taken is gone.
    this.inbox.length = 0;
    this.order += 1;
    const change = {
      device: this.device,
      at: this.millis,
      order: this.order,
      session: 's',
      address: undefined,
      reason: undefined,
    };
    const { awaited } = await applyConnection(this.registry, {
      ...change,
      state: online ? 'online' : 'offline',
    });
    if (awaited) await this.send({ kind: 'device', device: this.device, connected: true });
  }

  private reply(id: string, kind: 'accepted' | 'progress' | 'result' | 'rejected', document: object): void {
    const topic = upstream.reply({ site: 'lab', device: this.device }, id, kind);
    const payload = Buffer.from(JSON.stringify({ v: 1, ...document })).toString('base64');
    this.queue.push({ work: { kind: 'reply', topic, payload, at: this.millis }, at: this.millis });
  }

  /**
   * The device takes the oldest message.
   * @param how `fine`; `silent` does it and its replies are lost; `crash` dies between doing it and noting the result
   */
  deviceStep(how: 'fine' | 'silent' | 'crash' | 'twice'): void {
    const message = this.inbox.shift();
    if (message === undefined) return;
    const { id } = message;
    const known = this.noted.get(id);
    if (known !== undefined) {
      this.reply(id, 'result', known.result ?? { ok: false, code: 'interrupted', detail: 'the device died' });
      return;
    }
    if (Date.parse(message.expiresAt) <= this.millis) {
      this.reply(id, 'rejected', { code: 'expired', detail: 'too late' });
      return;
    }
    const noted: Noted = { executed: 1, result: undefined };
    this.noted.set(id, noted);
    if (how === 'crash') return;
    noted.result = { ok: true, value: message.parameters };
    if (how === 'silent') return;
    this.reply(id, 'accepted', {});
    this.reply(id, 'progress', { seq: 0, percent: 50 });
    this.reply(id, 'result', noted.result);
    if (how === 'twice') this.reply(id, 'result', noted.result);
  }

  advance(seconds: number): void {
    this.millis += seconds * 1000;
  }

  /**
   * Gives the function one message that is due.
   * @param pick which, of those that are due
   * @param again it comes once more later, though it was done
   */
  async deliver(pick: number, again: boolean, fuse = Number.POSITIVE_INFINITY): Promise<boolean> {
    const due = this.queue.filter(({ at }) => at <= this.millis);
    const chosen = due[pick % Math.max(1, due.length)];
    if (chosen === undefined) return false;
    const { work } = chosen;
    const lived = await this.run(async () => {
      if (work.kind === 'look') await look(this.dependencies, work);
      else if (work.kind === 'device') await dispatch(this.dependencies, work.device, work.connected);
      else await takeReply(this.dependencies, work);
    }, fuse);
    if (lived && !again) this.queue.splice(this.queue.indexOf(chosen), 1);
    return true;
  }

  /** Lets everything come to rest, with nothing in its way. */
  async settle(): Promise<void> {
    await this.connect(true);
    for (let round = 0; round < 400; round += 1) {
      while (this.inbox.length > 0) this.deviceStep('fine');
      if (await this.deliver(0, false)) continue;
      const next = Math.min(...this.queue.map(({ at }) => at));
      if (!Number.isFinite(next)) return;
      this.millis = Math.max(this.millis, next);
    }
    throw new Error('it does not come to rest');
  }

  async commands(): Promise<readonly KeptCommand[]> {
    const range = { below: undefined, state: undefined, limit: 100 };
    return (await listDeviceCommands(this.registry, this.device, range)).commands;
  }

  async open(): Promise<readonly string[]> {
    return await readOpen(this.registry, this.device);
  }
}
