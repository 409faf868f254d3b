import './no-eval.ts';
import '@mantine/core/styles.css';
import './shell/app.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { connectClient, Refused } from './api/client.ts';
import { readDiscovery } from './api/discovery.ts';
import { Session } from './api/session.ts';
import { App } from './shell/App.tsx';
import { SignInFault } from './shell/SignInFault.tsx';
import { cssVariables, theme } from './theme.ts';

/** Tries again what may pass: no answer, too many requests, a fault of the server. */
const retry = (failures: number, error: unknown): boolean =>
  failures < 2 &&
  error instanceof Refused &&
  (error.status === 0 || error.status === 429 || error.status >= 500);

const queries = new QueryClient({ defaultOptions: { queries: { retry, staleTime: 2000 } } });

const show = (content: ReactNode): void => {
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>{content}</QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
};

const start = async (): Promise<void> => {
  const discovery = await readDiscovery();
  const session = new Session(discovery);
  connectClient(session, discovery.api === '' ? location.origin : discovery.api);
  if (await session.start()) show(<App discovery={discovery} session={session} />);
  else await session.signIn();
};

start().catch((error: unknown) => show(<SignInFault error={error} />));
