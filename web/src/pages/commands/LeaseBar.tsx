import { Alert, Button, Group, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ask } from '../../api/client.ts';
import { type Lease, readLease, releaseLease, takeLease } from '../../api/gen/index.ts';
import { useMe } from '../../api/me.tsx';
import { timeText } from '../../charts/zone.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';

const SECONDS = 15 * 60;

export const leaseQuery = (device: string) => ({
  queryKey: ['lease', device],
  queryFn: () => ask(readLease({ path: { id: device } })),
  refetchInterval: 10_000,
});

/** Whether a lease is in somebody's hands, and whose. */
export const holds = (lease: Lease | null | undefined, subject: string): 'nobody' | 'me' | 'another' => {
  if (lease === null || lease === undefined || Date.parse(lease.until) <= Date.now()) return 'nobody';
  return lease.holder.subject === subject ? 'me' : 'another';
};

/** Who alone may command the device now, and taking that. */
export const LeaseBar = ({ device }: { device: string }) => {
  const me = useMe();
  const { zone } = useZone();
  const queries = useQueryClient();
  const { data } = useQuery(leaseQuery(device));
  const done = { onSuccess: () => queries.invalidateQueries({ queryKey: ['lease', device] }) };
  const take = useMutation({
    mutationFn: () => ask(takeLease({ path: { id: device }, body: { seconds: SECONDS } })),
    ...done,
  });
  const release = useMutation({ mutationFn: () => ask(releaseLease({ path: { id: device } })), ...done });
  if (data === undefined) return null;
  const { lease } = data;
  const who = holds(lease, me.subject);
  const until = lease === null ? '' : timeText(Date.parse(lease.until), zone);
  const { lease: words } = texts.commands;
  return (
    <Alert color="gray" variant="light" role="status">
      <Group justify="space-between">
        <Text size="sm">
          {who === 'nobody'
            ? words.free
            : who === 'me'
              ? words.yours(until)
              : words.others(lease?.holder.name ?? '', until)}
        </Text>
        {who !== 'another' && (
          <Group gap="xs">
            <Button size="xs" variant="default" loading={take.isPending} onClick={() => take.mutate()}>
              {who === 'me' ? words.longer : words.take}
            </Button>
            {who === 'me' && (
              <Button
                size="xs"
                variant="default"
                loading={release.isPending}
                onClick={() => release.mutate()}
              >
                {words.release}
              </Button>
            )}
          </Group>
        )}
      </Group>
      {take.isError && <ProblemView error={take.error} />}
      {release.isError && <ProblemView error={release.error} />}
    </Alert>
  );
};
