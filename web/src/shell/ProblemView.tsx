import { Alert, Button, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { texts } from '../texts.ts';
import { problemWords } from './problem.ts';

/** An error in words, with what to do about it. */
export const ProblemView = ({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) => {
  const { title, detail, remedy, errors, requestId } = problemWords(error);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={title} role="alert">
      {detail !== undefined && detail !== title && <Text size="sm">{detail}</Text>}
      {errors.length > 0 && (
        <List size="sm" my={4}>
          {errors.map(({ pointer, detail: what }) => (
            <List.Item key={`${pointer} ${what}`}>
              <code>{pointer}</code> {what}
            </List.Item>
          ))}
        </List>
      )}
      {remedy !== undefined && <Text size="sm">{remedy}</Text>}
      {requestId !== undefined && (
        <Text size="xs" c="dimmed" mt={4}>
          {texts.problem.request} {requestId}
        </Text>
      )}
      {retry !== undefined && (
        <Button size="xs" mt="sm" variant="default" onClick={retry}>
          {texts.again}
        </Button>
      )}
    </Alert>
  );
};
