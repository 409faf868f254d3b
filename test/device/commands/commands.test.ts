import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../../contracts/limits.ts';
import { CommandFailed, type CommandHandlers, CommandRejected } from '../../../device/commands/handler.ts';
import { connectDevice, type Device } from '../../../device/device.ts';
import type { DeviceOptions } from '../../../device/options.ts';
import { commandOf, type HeardReply, TestBroker } from '../../support/broker.ts';

let broker: TestBroker;
let device: Device | undefined;
let directory: string;
beforeEach(async () => {
  broker = await TestBroker.start();
  directory = mkdtempSync(join(tmpdir(), 'commands-'));
});
afterEach(async () => {
  await device?.close();
  device = undefined;
  await broker.stop();
  rmSync(directory, { recursive: true, force: true });
});

const connected = async (commands: CommandHandlers, more: Partial<DeviceOptions> = {}): Promise<Device> => {
  device = connectDevice(await broker.options({ commands, ...more }));
  await once(device, 'connected');
  return device;
};
const kindsOf = (id: string): string[] =>
  broker.replies.filter((reply) => reply.id === id).map(({ kind }) => kind);
/** Ends when it is told to, or is aborted. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  sleep(60_000, undefined, { signal }) as Promise<never>;

describe('a device that is given a command', () => {
  it('accepts it, says how far it is, and gives its result', async () => {
    const events: string[] = [];
    const told = await connected({
      mix: {
        run: async ({ speed }, { progress, id, command, dryRun, traceparent }) => {
          progress({ percent: 50, detail: 'half', value: [1] });
          progress({ percent: 100.000001 });
          return { speed, id, command, dryRun, traceparent } as never;
        },
      },
    });
    told.on('command', ({ command }, { kind }) => events.push(`${command} ${kind}`));
    const message = commandOf('mix', { parameters: { speed: 300 } });
    await broker.command(message);
    const result = await broker.reply(message.id, 'result');
    const { id, command, dryRun, traceparent } = message;
    expect(result).toMatchObject({ ok: true, value: { speed: 300, id, command, dryRun, traceparent } });
    expect(kindsOf(id)).toEqual(['accepted', 'progress', 'progress', 'result']);
    expect(broker.replies[1]).toMatchObject({ seq: 0, percent: 50, detail: 'half', value: [1] });
    expect(broker.replies[2]).toMatchObject({ seq: 1, percent: 100 });
    expect(Date.parse(result.at ?? '')).toBeCloseTo(Date.now(), -4);
    expect(events).toEqual(['mix accepted', 'mix progress', 'mix progress', 'mix result']);
  });

  it('rejects what it does not know, what comes too late, and what its check refuses', async () => {
    let runs = 0;
    await connected({
      mix: {
        check: ({ speed }) => {
          if (speed === 0) throw new CommandRejected('lid-open', 'close the lid');
          if (speed === 1) throw new Error('no answer of the motor');
        },
        run: () => {
          runs += 1;
          return undefined;
        },
      },
    });
    const late = commandOf('mix', { expiresAt: new Date(Date.now() - 1).toISOString() });
    const cases = [
      [commandOf('constructor'), 'unknown-command'],
      [late, 'expired'],
      [commandOf('mix', { parameters: { speed: 0 } }), 'lid-open'],
      [commandOf('mix', { parameters: { speed: 1 } }), 'failed'],
    ] as const;
    for (const [message, code] of cases) {
      await broker.command(message);
      expect(await broker.reply(message.id, 'rejected')).toMatchObject({ code });
    }
    expect(broker.replies).toHaveLength(4);
    expect(runs).toBe(0);
  });

  it('only checks it when it is a dry run', async () => {
    const dry: boolean[] = [];
    let runs = 0;
    await connected({
      mix: {
        check: ({ speed }, { dryRun }) => {
          dry.push(dryRun);
          if (speed === 0) throw new CommandRejected('too-slow', 'at least 1');
        },
        run: () => {
          runs += 1;
          return undefined;
        },
      },
    });
    const good = commandOf('mix', { dryRun: true });
    const bad = commandOf('mix', { dryRun: true, parameters: { speed: 0 } });
    await broker.command(good);
    expect(await broker.reply(good.id, 'result')).toMatchObject({ ok: true });
    await broker.command(bad);
    expect(await broker.reply(bad.id, 'rejected')).toMatchObject({ code: 'too-slow' });
    expect(dry).toEqual([true, true]);
    expect(runs).toBe(0);
  });

  it('says what could not be read, and replies nothing', async () => {
    const told = await connected({ mix: { run: () => undefined } });
    const trouble = once(told, 'trouble');
    await broker.command(commandOf('mix', { timeout: 0 }));
    expect((await trouble)[0]).toMatchObject({ message: expect.stringContaining('unreadable') });
    const another = once(told, 'trouble');
    const message = commandOf('mix');
    await broker.publish(`lab/basel/incubator-1/commands/${commandOf('mix').id}`, JSON.stringify(message));
    expect((await another)[0]).toMatchObject({
      cause: { message: expect.stringContaining('topic of another') },
    });
    const sound = commandOf('mix');
    await broker.command(sound);
    await broker.reply(sound.id, 'result');
    expect(new Set(broker.replies.map(({ id }) => id))).toEqual(new Set([sound.id]));
  });

  it('says how it failed', async () => {
    await connected({
      own: { run: () => Promise.reject(new CommandFailed('imbalance', 'rotor 2')) },
      odd: { run: () => Promise.reject(new CommandFailed('No Code', 'x')) },
      bug: {
        run: () => {
          throw new TypeError('not a function');
        },
      },
      large: { run: () => 'x'.repeat(LIMITS.replyBytes) },
      report: { run: (_, { progress }) => progress({ value: 'x'.repeat(LIMITS.replyBytes) }) as undefined },
      value: { run: () => Number.NaN },
    });
    const expected = { own: 'imbalance', odd: 'failed', bug: 'failed', large: 'result-too-large' };
    for (const [command, code] of Object.entries({
      ...expected,
      report: 'result-too-large',
      value: 'invalid-result',
    })) {
      const message = commandOf(command);
      await broker.command(message);
      expect(await broker.reply(message.id, 'result'), command).toMatchObject({ ok: false, code });
    }
  });

  it('does one after the other in the order in which they came, but for what goes at once', async () => {
    const log: string[] = [];
    let stop = (): void => undefined;
    await connected({
      spin: {
        check: ({ name }) => {
          if (log.includes('end second') && name === 'picky') throw new CommandRejected('busy', 'it spins');
        },
        run: async ({ name }) => {
          log.push(`begin ${name}`);
          if (name === 'first')
            await new Promise<void>((resolve) => {
              stop = resolve;
            });
          log.push(`end ${name}`);
          return undefined;
        },
      },
      stop: {
        atOnce: true,
        run: () => {
          log.push('stop');
          stop();
          return undefined;
        },
      },
    });
    const spin = (name: string) => commandOf('spin', { parameters: { name } });
    const [first, second, picky, halt] = [spin('first'), spin('second'), spin('picky'), commandOf('stop')];
    for (const message of [first, second, picky]) await broker.command(message);
    // All are accepted, though one is under way.
    await Promise.all([first, second, picky].map(({ id }) => broker.reply(id, 'accepted')));
    await broker.command(halt);
    // It was possible when it came, and is not when its turn comes.
    expect(await broker.reply(picky.id, 'result')).toMatchObject({ ok: false, code: 'busy' });
    expect(log).toEqual(['begin first', 'stop', 'end first', 'begin second', 'end second']);
  });

  it('takes no more than it may have open', async () => {
    let end = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      end = resolve;
    });
    await connected({
      wait: { run: () => gate.then(() => undefined) },
      stop: { atOnce: true, run: () => undefined },
    });
    const messages = Array.from({ length: LIMITS.openCommands + 1 }, () => commandOf('wait'));
    for (const message of messages) await broker.command(message);
    const last = messages.at(-1)?.id ?? '';
    expect(await broker.reply(last, 'rejected')).toMatchObject({ code: 'busy' });
    const stop = commandOf('stop');
    await broker.command(stop);
    expect(await broker.reply(stop.id, 'result')).toMatchObject({ ok: true });
    end();
    await Promise.all(messages.slice(0, -1).map(({ id }) => broker.reply(id, 'result')));
  });

  it('aborts what takes longer than the platform waits, and begins nothing after that', async () => {
    await connected({ wait: { run: (_, { signal }) => untilAborted(signal) } });
    const [first, second] = [commandOf('wait', { timeout: 1 }), commandOf('wait', { timeout: 1 })];
    await broker.command(first);
    await broker.command(second);
    expect(await broker.reply(first.id, 'result')).toMatchObject({ ok: false, code: 'timed-out' });
    expect(await broker.reply(second.id, 'result')).toMatchObject({ ok: false, code: 'timed-out' });
  });

  it('does not do what comes again, and says again how it went', async () => {
    let runs = 0;
    await connected({
      count: {
        run: () => {
          runs += 1;
          return runs;
        },
      },
    });
    const message = commandOf('count');
    await Promise.all([broker.command(message), broker.command(message)]);
    await broker.reply(message.id, 'result');
    broker.replies.length = 0;
    await broker.command(message);
    expect(await broker.reply(message.id, 'result')).toMatchObject({ value: 1 });
    expect(kindsOf(message.id)).toEqual(['result']);
    expect(runs).toBe(1);
  });

  it('replies over the next connection what the broker did not confirm', async () => {
    let end = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      end = resolve;
    });
    const told = await connected({
      wait: {
        run: async (_, { progress }) => {
          await gate;
          for (let step = 0; step < 5; step += 1) progress({ percent: step });
          return 'done';
        },
      },
    });
    const message = commandOf('wait');
    await broker.command(message);
    await broker.reply(message.id, 'accepted');
    await told.disconnect();
    const said = once(told, 'command');
    end();
    await said;
    await sleep(20);
    broker.mute = true;
    told.connect();
    await once(told, 'connected');
    broker.mute = false;
    broker.cutAll();
    expect(await broker.reply(message.id, 'result')).toMatchObject({ value: 'done' });
    const since = broker.replies.filter(({ kind }) => kind !== 'accepted') as HeardReply[];
    expect(since[0]).toMatchObject({ kind: 'progress', percent: 4 });
    expect(since.at(-1)).toMatchObject({ kind: 'result' });
  });

  it('does after a restart what had not begun, and never again what had', async () => {
    const runs: string[] = [];
    const commands: CommandHandlers = {
      wait: {
        run: ({ name }, { signal }) => {
          runs.push(String(name));
          if (name === 'stubborn') return new Promise<never>(() => undefined);
          return name === 'long' ? untilAborted(signal) : 'done';
        },
      },
    };
    const named = (name: string) => commandOf('wait', { parameters: { name } });
    const [long, short, stubborn] = [named('long'), named('short'), named('stubborn')];
    await connected(commands, { store: { directory } });
    for (const message of [long, short]) {
      await broker.command(message);
      await broker.reply(message.id, 'accepted');
    }
    await device?.close();
    expect(await broker.reply(long.id, 'result')).toMatchObject({ ok: false, code: 'interrupted' });
    await connected(commands, { store: { directory } });
    expect(await broker.reply(short.id, 'result')).toMatchObject({ ok: true, value: 'done' });
    await broker.command(stubborn);
    await broker.reply(stubborn.id, 'accepted');
    while (!runs.includes('stubborn')) await sleep(5);
    await device?.close();
    await connected(commands, { store: { directory } });
    expect(await broker.reply(stubborn.id, 'result')).toMatchObject({ ok: false, code: 'interrupted' });
    for (const message of [long, short, stubborn]) await broker.command(message);
    const probe = named('probe');
    await broker.command(probe);
    await broker.reply(probe.id, 'result');
    expect(runs).toEqual(['long', 'short', 'stubborn', 'probe']);
  });

  it('keeps its replies, too, to the rate of the connection', async () => {
    const rateLimit = { messagesPerSecond: 100, bytesPerSecond: 2 ** 30, burst: 2 };
    await connected(
      {
        chat: {
          run: async (_, { progress }) => {
            for (let step = 0; step < 20; step += 1) {
              progress({ percent: step });
              await sleep(0);
            }
            return undefined;
          },
        },
      },
      { rateLimit },
    );
    const began = performance.now();
    const messages = Array.from({ length: 10 }, () => commandOf('chat'));
    for (const message of messages) await broker.command(message);
    await Promise.all(messages.map(({ id }) => broker.reply(id, 'result')));
    const least = ((broker.replies.length - 2) * 1000) / rateLimit.messagesPerSecond;
    expect(performance.now() - began).toBeGreaterThanOrEqual(least - 5);
  });

  it('cannot be told anything where its topics do not say who it is', async () => {
    const options = await broker.options({ store: { directory }, commands: {} });
    const topics = { ...options.topics, data: 'somewhere' };
    expect(() => connectDevice({ ...options, topics })).toThrow('somewhere');
    // Its folder is free for another try.
    device = await vi.waitFor(() => connectDevice(options));
  });
});
