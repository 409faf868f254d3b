import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ask } from '../../api/client.ts';
import { type Device, type InstrumentType, readManySeries, type SnapshotPoint } from '../../api/gen/index.ts';
import { curvesOf, lineOf } from '../../charts/curves.ts';
import { useSiteSnapshot } from '../../live/heard-queries.ts';
import { useNow } from '../../shell/use-now.ts';
import { texts } from '../../texts.ts';
import { Tile } from './Tile.tsx';

/** Tiles before one asks for more; each asks for the presence of its device. */
const FIRST = 60;
/** Devices of one call for series. */
const DEVICES_OF_A_CALL = 100;
const SPARK_MILLIS = 30 * 60_000;

/** The channel whose curve stands for the device: the first of numbers that changes. */
export const mainChannel = (type: InstrumentType | undefined): string | undefined =>
  Object.entries(type?.channels ?? {}).find(
    ([, { type: values, kind }]) => values === 'number' && kind === 'continuous',
  )?.[0];

interface Props {
  readonly site: string;
  readonly devices: readonly Device[];
  readonly types: ReadonlyMap<string, InstrumentType>;
}

export const SiteTiles = ({ site, devices, types }: Props) => {
  const [most, setMost] = useState(FIRST);
  const shown = devices.slice(0, most);
  const { data: points } = useSiteSnapshot(site, devices, types);
  const values = useMemo(() => {
    const byDevice = new Map<string, SnapshotPoint[]>();
    for (const point of points ?? [])
      byDevice.set(point.device, [...(byDevice.get(point.device) ?? []), point]);
    return byDevice;
  }, [points]);
  useNow(2000);
  const sparks = useSparks(shown, types);
  return (
    <>
      {shown.map((device) => (
        <Tile
          key={device.id}
          device={device}
          type={types.get(device.type)}
          values={points === undefined ? undefined : (values.get(device.id) ?? [])}
          spark={sparks.get(device.id)}
          sparkChannel={mainChannel(types.get(device.type))}
        />
      ))}
      {devices.length > most && (
        <Button variant="default" onClick={() => setMost(most + FIRST)}>
          {texts.more}
        </Button>
      )}
    </>
  );
};

const useSparks = (
  devices: readonly Device[],
  types: ReadonlyMap<string, InstrumentType>,
): ReadonlyMap<string, (number | null)[]> => {
  const ids = devices.map(({ id }) => id).sort();
  const { data } = useQuery({
    queryKey: ['sparks', ids],
    enabled: ids.length > 0,
    refetchInterval: 30_000,
    staleTime: 30_000,
    queryFn: async () => {
      const to = Math.floor(Date.now() / 60_000) * 60_000;
      const from = to - SPARK_MILLIS;
      const lines = new Map<string, (number | null)[]>();
      for (let at = 0; at < ids.length; at += DEVICES_OF_A_CALL) {
        const some = ids.slice(at, at + DEVICES_OF_A_CALL);
        const own = devices.filter(({ id }) => some.includes(id));
        const channels = [...new Set(own.flatMap(({ type }) => mainChannel(types.get(type)) ?? []))];
        if (channels.length === 0) continue;
        const { columns = {} } = await ask(
          readManySeries({
            query: {
              devices: some.join(),
              channels: channels.join(),
              from: new Date(from).toISOString(),
              every: 'PT1M',
              agg: 'mean',
              layout: 'columns',
              limit: 50_000,
            },
          }),
        );
        for (const curve of curvesOf(columns, '', {})) {
          const type = own.find(({ id }) => id === curve.device)?.type ?? '';
          if (curve.channel === mainChannel(types.get(type))) lines.set(curve.device, lineOf(curve));
        }
      }
      return lines;
    },
  });
  return data ?? new Map();
};
