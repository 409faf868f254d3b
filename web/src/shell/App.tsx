import { Alert, Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import { IconClockExclamation } from '@tabler/icons-react';
import { Component, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import type { Discovery } from '../../../contracts/resources/discovery.ts';
import { useMay } from '../api/me.tsx';
import { CLOCK_SKEW_SECONDS, type Session } from '../api/session.ts';
import { LiveProvider } from '../live/LiveProvider.tsx';
import { texts } from '../texts.ts';
import { Layout } from './Layout.tsx';
import { Page } from './Page.tsx';
import { ProblemView } from './ProblemView.tsx';
import { type PageRoute, ROUTES } from './routes.ts';

/** Tells what went wrong while a page was drawn or loaded, and lets one try again. */
class Caught extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };
  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }
  override render(): ReactNode {
    return this.state.error === undefined ? (
      this.props.children
    ) : (
      <ProblemView error={this.state.error} retry={() => this.setState({ error: undefined })} />
    );
  }
}

const Waiting = () => (
  <Center h={240}>
    <Loader role="status" aria-label={texts.loading} />
  </Center>
);

const Guarded = ({ route: { permission, page: Content } }: { route: PageRoute }) =>
  useMay()(permission) ? <Content /> : <Page title={texts.notYours.title}>{texts.notYours.detail}</Page>;

interface Props {
  readonly discovery: Discovery;
  readonly session: Session;
}

const Pages = ({ discovery: { stage, live }, session }: Props) => {
  const [path] = useLocation();
  return (
    <LiveProvider live={live} session={session}>
      <Layout stage={stage} signOut={() => void session.signOut()}>
        <ClockBanner session={session} />
        <Caught key={path}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              {ROUTES.map((route) => (
                <Route key={route.path} path={route.path}>
                  <Guarded route={route} />
                </Route>
              ))}
              <Route>
                <Page title={texts.notFound.title}>{texts.notFound.detail}</Page>
              </Route>
            </Switch>
          </Suspense>
        </Caught>
      </Layout>
    </LiveProvider>
  );
};

export const App = (props: Props) => {
  const [ended, setEnded] = useState(false);
  const { session } = props;
  useEffect(() => session.onSignedOut(() => setEnded(true)), [session]);
  if (ended) return <Ended signIn={() => void session.signIn()} />;
  return (
    <Caught>
      <Suspense fallback={<Waiting />}>
        <Pages {...props} />
      </Suspense>
    </Caught>
  );
};

const Ended = ({ signIn }: { signIn: () => void }) => (
  <Center h="100dvh" p="md">
    <Stack align="center" role="status">
      <Title order={1} size="h3">
        {texts.ended.title}
      </Title>
      <Text>{texts.ended.detail}</Text>
      <Button onClick={signIn}>{texts.signIn}</Button>
    </Stack>
  </Center>
);

const ClockBanner = ({ session }: { session: Session }) => {
  const seconds = session.skewSeconds;
  return Math.abs(seconds) < CLOCK_SKEW_SECONDS ? null : (
    <Alert
      color="yellow"
      mb="md"
      icon={<IconClockExclamation aria-hidden />}
      title={texts.clock.title}
      role="status"
    >
      {texts.clock.detail(seconds)}
    </Alert>
  );
};
