import { Alert, Button, Center, Stack, Title } from '@mantine/core';
import { SignInLoop } from '../api/session.ts';
import { texts } from '../texts.ts';
import { ProblemView } from './ProblemView.tsx';

/** The page could not start: what it says, and a way to try again that is not a loop. */
export const SignInFault = ({ error }: { error: unknown }) => (
  <Center h="100dvh" p="md">
    <Stack maw={520}>
      <Title order={1} size="h3">
        {texts.product}
      </Title>
      {error instanceof SignInLoop ? (
        <Alert color="yellow" title={texts.clock.title} role="alert">
          {texts.clock.loop}
        </Alert>
      ) : (
        <ProblemView error={error} />
      )}
      <Button onClick={() => location.assign('/')}>{texts.again}</Button>
    </Stack>
  </Center>
);
