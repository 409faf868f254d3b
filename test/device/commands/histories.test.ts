import fs, {
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandMessage } from '../../../contracts/messages/commands.ts';
import { CommandFailed, CommandRejected } from '../../../device/commands/handler.ts';
import { Journal } from '../../../device/commands/journal.ts';
import type { OutgoingReply } from '../../../device/commands/reply-outbox.ts';
import { CommandRunner } from '../../../device/commands/runner.ts';
import { commandOf } from '../../support/broker.ts';

const FILE = 'commands.journal';
/** Bytes of each file, by its inode, that a loss of power leaves. */
const flushed = new Map<number, number>();
const { fdatasync, fsyncSync } = fs;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'histories-'));
  fs.fdatasync = ((fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
    const { ino, size } = fstatSync(fd);
    fdatasync(fd, (error) => {
      if (error === null) flushed.set(ino, Math.max(size, flushed.get(ino) ?? 0));
      done(error);
    });
  }) as typeof fdatasync;
  fs.fsyncSync = (fd: number): void => {
    fsyncSync(fd);
    const { ino, size } = fstatSync(fd);
    flushed.set(ino, size);
  };
  syncBuiltinESMExports();
});
afterEach(() => {
  Object.assign(fs, { fdatasync, fsyncSync });
  syncBuiltinESMExports();
  rmSync(root, { recursive: true, force: true });
});

type Step =
  | { readonly do: 'deliver' | 'progress' | 'succeed' | 'fail'; readonly which: number }
  | { readonly do: 'publish' | 'confirm' | 'wait' }
  /** Whether the broker has got what it did not confirm. */
  | { readonly do: 'disconnect'; readonly got: boolean }
  | { readonly do: 'crash'; readonly keep: number };

const COMMANDS = 4;
const some = (...names: ('deliver' | 'progress' | 'succeed' | 'fail')[]) =>
  fc.record({ do: fc.constantFrom(...names), which: fc.nat(COMMANDS - 1) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: some('deliver') },
  { weight: 5, arbitrary: some('progress', 'succeed', 'fail') },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constantFrom('publish' as const, 'confirm' as const) }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'wait' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disconnect' as const), got: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

/** What the world outside saw of the commands, over all lives of the device. */
class World {
  readonly messages: readonly CommandMessage[] = Array.from({ length: COMMANDS }, (_, at) =>
    commandOf(at === 0 ? 'refuse' : 'act'),
  );
  readonly runs = new Map<string, number>();
  /** What the broker confirmed, by command. */
  readonly heard = new Map<string, Map<string, Set<string>>>();
  /** Results that did not reach the broker. */
  lost = 0;

  hear({ id, kind, payload }: OutgoingReply): void {
    const kinds = this.heard.get(id) ?? new Map<string, Set<string>>();
    this.heard.set(id, kinds);
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(payload));
  }
}

/** One life of the device, until it crashes. */
class Life {
  dead = false;
  readonly directory: string;
  readonly runner: CommandRunner;
  readonly inFlight: OutgoingReply[] = [];
  private readonly world: World;
  private readonly journal: Journal;
  private readonly running = new Map<string, { succeed(): void; fail(): void; progress(): void }>();

  constructor(world: World, directory: string) {
    this.world = world;
    this.directory = directory;
    const trouble = (error: Error): void => {
      if (!this.dead) throw error;
    };
    this.journal = new Journal(directory, trouble);
    this.runner = new CommandRunner(
      {
        refuse: {
          check: () => {
            throw new CommandRejected('refused', 'never');
          },
          run: (_, { id }) => this.act(id, () => undefined),
        },
        act: { run: (_, { id, progress }) => this.act(id, () => progress({ detail: 'going on' })) },
      },
      this.journal,
      { ready: () => undefined, replied: () => undefined, trouble },
    );
    this.runner.resume();
  }

  private act(id: string, progress: () => void): Promise<string> {
    // What a process does after its end does not happen.
    if (this.dead) return new Promise(() => undefined);
    this.world.runs.set(id, (this.world.runs.get(id) ?? 0) + 1);
    return new Promise((resolve, reject) => {
      this.running.set(id, {
        progress,
        succeed: () => resolve('done'),
        fail: () => reject(new CommandFailed('broken', 'as told')),
      });
    }).finally(() => this.running.delete(id)) as Promise<string>;
  }

  async take(action: Exclude<Step, { do: 'crash' }>): Promise<void> {
    switch (action.do) {
      case 'deliver': {
        const message = this.world.messages[action.which];
        if (message !== undefined) this.runner.take(message);
        return;
      }
      case 'progress':
      case 'succeed':
      case 'fail':
        return [...this.running.values()][action.which % this.running.size]?.[action.do]();
      case 'publish': {
        for (let reply = this.runner.next(); reply !== undefined; reply = this.runner.next())
          this.inFlight.push(reply);
        return;
      }
      case 'confirm': {
        const reply = this.inFlight.shift();
        if (reply === undefined) return;
        this.world.hear(reply);
        this.runner.confirmed(reply);
        return;
      }
      case 'disconnect': {
        for (const reply of this.inFlight.splice(0)) {
          if (action.got) this.world.hear(reply);
          else if (reply.kind === 'result') this.world.lost += 1;
        }
        this.runner.disconnected();
        return;
      }
      case 'wait':
        await this.journal.settled();
        await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Until nothing is left to do or to say. */
  async finish(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const before = this.inFlight.length;
      // What was begun by the round before comes as far as the journal; only then can it be waited for.
      await new Promise((resolve) => setImmediate(resolve));
      await this.take({ do: 'wait' });
      for (const { succeed } of this.running.values()) succeed();
      await this.take({ do: 'publish' });
      idle = before === 0 && this.inFlight.length === 0 ? idle + 1 : 0;
      await this.take({ do: 'confirm' });
    }
    await this.runner.close();
  }

  /** Lets go of the files of a life that crashed. */
  bury(): Promise<void> {
    return this.journal.close();
  }

  /** What a loss of power leaves: all that was flushed, and any part of what was written since. */
  crash(to: string, keep: number): void {
    this.dead = true;
    for (const reply of this.inFlight) if (keep > 0.5) this.world.hear(reply);
    mkdirSync(to);
    if (!existsSync(join(this.directory, FILE))) return;
    const { ino, size } = statSync(join(this.directory, FILE));
    const safe = flushed.get(ino) ?? 0;
    copyFileSync(join(this.directory, FILE), join(to, FILE));
    truncateSync(join(to, FILE), Math.floor(safe + (size - safe) * keep));
  }
}

describe('whatever happens to a device', () => {
  it('does nothing twice, and ends with one result what it has begun', async () => {
    let crashes = 0;
    let interrupted = 0;
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        const base = mkdtempSync(join(root, 'run-'));
        const world = new World();
        const lives: Life[] = [];
        const born = (): Life => {
          const directory = join(base, String(lives.length));
          if (lives.length === 0) mkdirSync(directory);
          const life = new Life(world, directory);
          lives.push(life);
          return life;
        };
        let life = born();
        for (const action of steps) {
          if (action.do === 'crash') {
            crashes += 1;
            life.crash(join(base, String(lives.length)), action.keep);
            life = born();
          } else await life.take(action);
        }
        await life.finish();
        lost += world.lost;
        for (const old of lives.slice(0, -1)) await old.bury();
        for (const [id, count] of world.runs) {
          expect(count, id).toBe(1);
          expect(id).not.toBe(world.messages[0]?.id);
        }
        for (const [id, kinds] of world.heard) {
          const results = kinds.get('result');
          const said = [...(results ?? [])].join();
          expect(kinds.has('accepted') ? results?.size : 1, `${id} ${said}`).toBe(1);
          expect(kinds.has('rejected')).toBe(id === world.messages[0]?.id);
          if (said.includes('interrupted')) interrupted += 1;
          if (said.includes('done')) expect(world.runs.get(id)).toBe(1);
        }
        for (const id of world.runs.keys()) expect(world.heard.get(id)?.get('result')?.size, id).toBe(1);
      }),
      { numRuns: 120 },
    );
    // The histories have what they are to try.
    expect(crashes).toBeGreaterThan(100);
    expect(interrupted).toBeGreaterThan(10);
    expect(lost).toBeGreaterThan(0);
  });
});
