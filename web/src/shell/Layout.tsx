import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Button,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconClock, IconLogout, IconMoon, IconSun, IconUser } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay, useMe } from '../api/me.tsx';
import { offsetText } from '../charts/zone.ts';
import { texts } from '../texts.ts';
import { LiveMark } from './LiveMark.tsx';
import { useZone, ZONES } from './preferences.ts';
import { ROUTES } from './routes.ts';

interface Props {
  readonly stage: string;
  readonly signOut: () => void;
  readonly children: ReactNode;
}

export const Layout = ({ stage, signOut, children }: Props) => {
  const [opened, { toggle, close }] = useDisclosure();
  const [path] = useLocation();
  const me = useMe();
  const may = useMay();
  const pages = ROUTES.filter(({ icon, permission }) => icon !== undefined && may(permission));
  const current = (to: string): boolean => (to === '/' ? path === '/' : path.startsWith(to));
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 212, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip-link" href="#main">
        {texts.skip}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="md" size="sm" aria-label={texts.menu} />
            <img src="/icon.svg" alt="" width={26} height={26} />
            <Text fw={700} component="span" visibleFrom="xs">
              {texts.product}
            </Text>
            <Badge variant="outline" color="gray" tt="none" visibleFrom="xs">
              {stage}
            </Badge>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveMark />
            <ZoneMenu />
            <SchemeButton />
            <Menu position="bottom-end" withArrow>
              <Menu.Target>
                <Button
                  variant="default"
                  size="xs"
                  leftSection={<IconUser size={16} aria-hidden />}
                  aria-label={texts.account(me.name)}
                >
                  <Text span inherit truncate maw={{ base: 72, xs: 200 }}>
                    {me.name}
                  </Text>
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>
                  {me.grants
                    .map(({ role, site }) => (site === undefined ? role : `${role} @ ${site}`))
                    .join(', ')}
                </Menu.Label>
                <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={signOut}>
                  {texts.signOut}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={texts.pages}>
        <ScrollArea>
          {pages.map(({ path: to, title, icon: Icon, count: Count }) => (
            <NavLink
              key={to}
              component={Link}
              href={to}
              label={title}
              active={current(to)}
              aria-current={current(to) ? 'page' : undefined}
              onClick={close}
              leftSection={Icon === undefined ? undefined : <Icon size={18} />}
              rightSection={Count === undefined ? undefined : <Count />}
            />
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" className="app-main" tabIndex={-1}>
        {children}
      </AppShell.Main>
    </AppShell>
  );
};

const SchemeButton = () => {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon
      variant="default"
      size={30}
      onClick={() => setColorScheme(other)}
      aria-label={texts.scheme[other]}
      title={texts.scheme[other]}
    >
      {scheme === 'dark' ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
    </ActionIcon>
  );
};

const ZoneMenu = () => {
  const { choice, setChoice, zone, zoneOf } = useZone();
  const now = Date.now();
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconClock size={16} aria-hidden />}
          aria-label={texts.zone.label(zone)}
        >
          {offsetText(now, zone)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{texts.zone.menu}</Menu.Label>
        {ZONES.map((each) => (
          <Menu.Item
            key={each}
            role="menuitemradio"
            aria-checked={each === choice}
            onClick={() => setChoice(each)}
            fw={each === choice ? 700 : 400}
          >
            {texts.zone[each]} ({zoneOf(each)})
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
};
