/**
 * dynalite in a thread of its own: its work (JSON, expressions, the level store) does not stand in the way of
 * the broker. Requests come as messages, already authorized.
 */
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { damagePolicy } from '../../damage.ts';
import type { Log } from '../../types.ts';
import { findDamage } from './damage.ts';
import { type Dynalite, type DynaliteOptions, openDynalite } from './dynalite.ts';
import { Expiry } from './expiry.ts';
import { QuickReads } from './quick-reads.ts';

export interface WorkerOptions extends DynaliteOptions {
  /** Opens a damaged store all the same, as far as it can be read. */
  readonly acceptDamage: boolean;
  /** Milliseconds between two steps of the search for expired items; a second when absent. */
  readonly sweepMs?: number | undefined;
}

export type WorkerMessage =
  | { readonly id: number; readonly operation: string; readonly body: string }
  | 'close';

export type WorkerReply =
  | 'opened'
  /** Writes fail, and will until the store is opened anew. */
  | { readonly failed: string }
  /** A line for the log. */
  | { readonly log: Parameters<Log> }
  | {
      readonly id: number;
      readonly status: number;
      /** JSON. */
      readonly body: Uint8Array<ArrayBuffer>;
    };

/** Forms of reads that are remembered: there are some dozens. */
const MOST_FORMS = 1000;
const SWEEP = 1_000;
/** A walk through all items begins a minute after the last, at the earliest. */
const STEPS_OF_REST = 60;

const encoder = new TextEncoder();

function serve(port: MessagePort, dynalite: Dynalite, { tables, sweepMs = SWEEP }: WorkerOptions): void {
  const quickReads = new QuickReads(dynalite.db, dynalite.tableOf);
  /** Forms of reads that dynalite has answered. */
  const answered = new Set<string>();
  const run = async (operation: string, body: string) => {
    const quick = quickReads.read(operation, body);
    if (quick !== undefined && answered.has(quick.form)) {
      const found = await quick.answer();
      if (found !== undefined) return { status: 200, body: found };
    }
    const answer = await dynalite.run(operation, body);
    if (quick !== undefined && answer.status === 200 && answered.size < MOST_FORMS) answered.add(quick.form);
    return answer;
  };
  let underWay = 0;
  let closing = false;
  let sweeping = false;
  const closeWhenIdle = async () => {
    if (!closing || underWay > 0) return;
    await dynalite.db.close();
    port.close();
  };
  const expiry = new Expiry({
    store: dynalite.db,
    tables,
    rest: STEPS_OF_REST * sweepMs,
    run: dynalite.run,
  });
  const sweep = setInterval(async () => {
    if (closing || sweeping) return;
    sweeping = true;
    underWay += 1;
    await expiry.step(Date.now());
    sweeping = false;
    underWay -= 1;
    await closeWhenIdle();
  }, sweepMs);
  port.on('message', async (message: WorkerMessage) => {
    if (message === 'close') {
      closing = true;
      clearInterval(sweep);
    } else {
      underWay += 1;
      const { status, body } = await run(message.operation, message.body);
      // Bytes change hands between threads without a copy, and go out as they are.
      const bytes = encoder.encode(body);
      port.postMessage({ id: message.id, status, body: bytes } satisfies WorkerReply, [bytes.buffer]);
      underWay -= 1;
    }
    // A store that cannot be closed ends the thread with the error, which the other side reports.
    await closeWhenIdle();
  });
}

async function start(port: MessagePort): Promise<void> {
  const options = workerData as WorkerOptions;
  const log: Log = (...line) => port.postMessage({ log: line } satisfies WorkerReply);
  if (options.path !== undefined) damagePolicy(options.acceptDamage, log)(findDamage(options.path));
  let told = false;
  const dynalite = await openDynalite(options, ({ message }) => {
    if (!told) port.postMessage({ failed: message } satisfies WorkerReply);
    told = true;
  });
  port.postMessage('opened' satisfies WorkerReply);
  serve(port, dynalite, options);
}

if (!parentPort) throw new Error('dynamodb/worker.ts runs only as a worker thread');
await start(parentPort);
