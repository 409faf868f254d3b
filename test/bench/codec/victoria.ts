/** The same series in VictoriaMetrics, if Debian's package is installed: bytes in its data folder. */
import type { SeriesColumn } from '../../../series/points/column.ts';
import { ask } from '../peers/http.ts';
import { findProgram, freePort, makeFolder, startServer } from '../peers/server.ts';

const PROGRAM = '/usr/bin/victoria-metrics';

/**
 * @param series columns of each series, in order of time
 * @returns bytes of all points after merging, or `undefined` when it is not installed
 */
export const victoriaBytes = async (
  series: Iterable<readonly SeriesColumn[]>,
): Promise<number | undefined> => {
  const program = findProgram(PROGRAM);
  if (program === undefined) return undefined;
  const url = `http://127.0.0.1:${await freePort()}`;
  const folder = await makeFolder('victoria');
  await using _server = await startServer({
    program,
    arguments: [
      `-httpListenAddr=${url.slice('http://'.length)}`,
      `-storageDataPath=${folder}/data`,
      '-retentionPeriod=100y',
    ],
    folder,
    stop: 'SIGINT',
    probe: () => ask(`${url}/health`),
  });
  let index = 0;
  for (const columns of series) {
    const body = columns.map(({ channel, time, value }) =>
      JSON.stringify({
        metric: { __name__: channel, device: `sensor-${index}` },
        values: value,
        timestamps: time.map((one) => one / 1000),
      }),
    );
    await ask(`${url}/api/v1/import`, { method: 'POST', body: body.join('\n') });
    index += 1;
  }
  await ask(`${url}/internal/force_flush`);
  await ask(`${url}/internal/force_merge`);
  await ask(`${url}/internal/force_flush`);
  // Its own metrics count what is not on disk yet, too.
  const metrics = (await ask(`${url}/metrics`))().toString();
  const sizes = [...metrics.matchAll(/^vm_data_size_bytes\{type="storage\/\w+"\} (\d+)$/gm)];
  return sizes.reduce((sum, [, size]) => sum + Number(size), 0);
};
