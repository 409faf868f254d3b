/** A disk that is full when the test says so: what fits of a write is written, and the write fails. */
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Write = (bytes: Uint8Array, offset: number, length: number, position: number) => Promise<unknown>;

export interface FullDisk extends Disposable {
  /** Writes that still succeed. */
  left: number;
}

/** Takes the place of `write` of all file handles. */
export const fullDisk = async (): Promise<FullDisk> => {
  const probe = await open(join(tmpdir(), `labgate-probe-${process.pid}`), 'w');
  const handles = Object.getPrototypeOf(probe) as { write: Write };
  await probe.close();
  const { write } = handles;
  const disk = {
    left: Number.POSITIVE_INFINITY,
    [Symbol.dispose]: () => {
      handles.write = write;
    },
  };
  handles.write = async function (this: unknown, bytes, offset, length, position) {
    disk.left -= 1;
    if (disk.left >= 0) return write.call(this, bytes, offset, length, position);
    await write.call(this, bytes, offset, length >> 1, position);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
  };
  return disk;
};
