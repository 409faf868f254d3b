import {
  Alert,
  Button,
  Group,
  List,
  Modal,
  Paper,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../../api/client.ts';
import { type CommandDeclaration, createCommand, type InterlockOutput } from '../../api/gen/index.ts';
import { numberText } from '../../charts/numbers.ts';
import { spanText } from '../../shell/age.ts';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { errorAt } from '../../shell/problem.ts';
import { texts } from '../../texts.ts';
import { confirmedText, labelOf, readForm, type Typed, typedDefaults } from './form-values.ts';
import { ParameterField } from './ParameterField.tsx';

interface Props {
  readonly device: string;
  readonly name: string;
  readonly declaration: CommandDeclaration;
  /** Whether somebody else, or nobody, holds the lease that it needs. */
  readonly blocked: boolean;
}

const boundsText = ({ min, max, equals }: InterlockOutput): string =>
  [
    min === undefined ? undefined : texts.commands.atLeast(numberText(min)),
    max === undefined ? undefined : texts.commands.atMost(numberText(max)),
    equals === undefined ? undefined : String(equals),
  ]
    .filter((part) => part !== undefined)
    .join(', ');

/** A command of an instrument type as a form: filled in, looked at once more, given. */
export const CommandForm = ({ device, name, declaration, blocked }: Props) => {
  const { parameters, interlocks } = declaration;
  const [typed, setTyped] = useState<Typed>(() => typedDefaults(parameters));
  const [dryRun, setDryRun] = useState(false);
  const [reason, setReason] = useState('');
  const [judged, setJudged] = useState(false);
  const [reviewed, setReviewed] = useState(false);
  const queries = useQueryClient();
  const { values, errors } = readForm(parameters, typed);
  const fields = Object.entries(parameters.properties);
  const give = useMutation({
    mutationFn: (key: string) =>
      ask(
        createCommand({
          path: { id: device },
          headers: { 'idempotency-key': key },
          body: { command: name, parameters: values, dryRun, ...(reason === '' ? {} : { reason }) },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['commands'] }),
    onSettled: () => setReviewed(false),
  });
  // The same confirmation given twice is one command.
  const [key, setKey] = useState('');
  const review = (): void => {
    setJudged(true);
    if (Object.keys(errors).length > 0) return;
    setKey(crypto.randomUUID());
    give.reset();
    setReviewed(true);
  };
  const question = dryRun ? texts.commands.confirmDry(name, device) : texts.commands.confirm(name, device);
  return (
    <Paper withBorder p="md" component="section" aria-label={name}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          review();
        }}
      >
        <Stack gap="sm">
          <div>
            <Title order={2} size="h5">
              {name}
            </Title>
            <Text size="sm" c="dimmed">
              {declaration.description}
            </Text>
          </div>
          {fields.length === 0 && <Text size="sm">{texts.commands.noParameters}</Text>}
          {fields.map(([field, rules]) => (
            <ParameterField
              key={field}
              name={field}
              rules={rules}
              required={parameters.required.includes(field)}
              value={typed[field]}
              error={(judged ? errors[field] : undefined) ?? errorAt(give.error, `/parameters/${field}`)}
              onChange={(value) => {
                setTyped({ ...typed, [field]: value });
                if (give.isError) give.reset();
              }}
            />
          ))}
          <TextInput
            label={texts.reason}
            description={texts.commands.optional}
            value={reason}
            maxLength={1000}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          {declaration.dryRun && (
            <Switch
              label={texts.commands.check}
              description={texts.commands.dryRunHint}
              checked={dryRun}
              onChange={({ currentTarget }) => setDryRun(currentTarget.checked)}
            />
          )}
          <List size="xs" c="dimmed">
            {declaration.approval && <List.Item>{texts.commands.needsApproval}</List.Item>}
            {declaration.lease && <List.Item>{texts.commands.needsLease}</List.Item>}
            {interlocks.map((each) => (
              <List.Item key={`${each.channel} ${boundsText(each)}`}>
                {texts.commands.interlock(each.channel, boundsText(each), each.maxAge)}
              </List.Item>
            ))}
            <List.Item>{texts.commands.within(spanText(declaration.expiresAfter * 1000))}</List.Item>
          </List>
          {give.isError && <ProblemView error={give.error} />}
          {give.isSuccess && (
            <Alert color="gray" role="status">
              {texts.commands.given} {texts.commands.state[give.data.state]}
            </Alert>
          )}
          <Group>
            <Button type="submit" disabled={blocked}>
              {texts.commands.review}
            </Button>
          </Group>
        </Stack>
      </form>
      <Modal opened={reviewed} onClose={() => setReviewed(false)} title={question} centered>
        <Stack>
          {fields.length > 0 && (
            <Table>
              <Table.Tbody>
                {fields
                  .filter(([field]) => values[field] !== undefined)
                  .map(([field, rules]) => (
                    <Table.Tr key={field}>
                      <Table.Th scope="row">{labelOf(field, rules)}</Table.Th>
                      <Table.Td className="numeric">{confirmedText(values[field], rules)}</Table.Td>
                    </Table.Tr>
                  ))}
              </Table.Tbody>
            </Table>
          )}
          {declaration.approval && <Text size="sm">{texts.commands.needsApproval}</Text>}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setReviewed(false)}>
              {texts.cancel}
            </Button>
            <Button data-autofocus loading={give.isPending} onClick={() => give.mutate(key)}>
              {dryRun ? texts.commands.check : texts.commands.give}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Paper>
  );
};
