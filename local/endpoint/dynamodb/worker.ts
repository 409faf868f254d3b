/**
 * dynalite in a thread of its own: its work (JSON, expressions, the level store) does not stand in the way of
 * the broker. Requests come as messages, already authorized.
 */
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { type Dynalite, type DynaliteOptions, openDynalite } from './dynalite.ts';
import { QuickReads } from './quick-reads.ts';

export type WorkerMessage =
  | { readonly id: number; readonly operation: string; readonly body: string }
  | 'close';

export interface WorkerReply {
  readonly id: number;
  readonly status: number;
  /** JSON. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Forms of reads that are remembered: there are some dozens. */
const MOST_FORMS = 1000;

const encoder = new TextEncoder();

function serve(port: MessagePort, dynalite: Dynalite): void {
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
  const closeWhenIdle = async () => {
    if (!closing || underWay > 0) return;
    await dynalite.db.close();
    port.close();
  };
  port.on('message', async (message: WorkerMessage) => {
    if (message === 'close') {
      closing = true;
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

if (!parentPort) throw new Error('dynamodb/worker.ts runs only as a worker thread');
serve(parentPort, await openDynalite(workerData as DynaliteOptions));
