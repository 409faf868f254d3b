import { Badge, Group, Tabs } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'wouter';
import { useMay } from '../../api/me.tsx';
import { deviceQuery, typeQuery } from '../../api/queries.ts';
import { usePresence } from '../../live/heard-queries.ts';
import { Page } from '../../shell/Page.tsx';
import { Presence } from '../../shell/Presence.tsx';
import { useZoneOfSite } from '../../shell/site-zone.ts';
import { texts } from '../../texts.ts';
import { Alerts } from './Alerts.tsx';
import { Commands } from './Commands.tsx';
import { Curves } from './Curves.tsx';
import { Facts } from './Facts.tsx';
import { Latest } from './Latest.tsx';
import { Manage } from './Manage.tsx';
import { Sessions } from './Sessions.tsx';

const Device = () => {
  const { id = '' } = useParams();
  const {
    data: { value: device, etag },
  } = useSuspenseQuery(deviceQuery(id));
  const {
    data: { value: type },
  } = useSuspenseQuery(typeQuery(device.type));
  const presence = usePresence(device);
  const may = useMay();
  useZoneOfSite(device.site);
  const [search, setSearch] = useSearchParams();
  const tab = search.get('tab') ?? 'curves';
  const commands = Object.keys(type.commands ?? {}).length > 0 && may('commands:read', device.site);
  return (
    <Page
      title={device.name ?? device.id}
      intro={
        <Group gap={6}>
          {device.id} · <Link href={`/?site=${device.site}`}>{device.site}</Link> · {type.name}
          {device.state !== 'active' && (
            <Badge color="gray" variant="outline" tt="none">
              {device.state}
            </Badge>
          )}
        </Group>
      }
      actions={presence !== undefined && <Presence state={presence.state} why={presence.why} />}
    >
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          setSearch((before) => {
            const next = new URLSearchParams(before);
            if (value === null || value === 'curves') next.delete('tab');
            else next.set('tab', value);
            return next;
          })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="curves">{texts.device.tabs.curves}</Tabs.Tab>
          {commands && <Tabs.Tab value="commands">{texts.device.tabs.commands}</Tabs.Tab>}
          <Tabs.Tab value="sessions">{texts.device.tabs.sessions}</Tabs.Tab>
          <Tabs.Tab value="facts">{texts.device.tabs.facts}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="curves">
          {may('alerts:read', device.site) && <Alerts device={device} />}
          <Latest device={device} type={type} />
          <Curves device={device} type={type} />
        </Tabs.Panel>
        {commands && (
          <Tabs.Panel value="commands">
            <Commands device={device} type={type} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="sessions">
          <Sessions device={device.id} />
        </Tabs.Panel>
        <Tabs.Panel value="facts">
          <Manage device={device} etag={etag} />
          <Facts device={device} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
};

export default Device;
