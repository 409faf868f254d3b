import { ActionIcon, Fieldset, Group, Select, SimpleGrid, Textarea, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { VALUE_TYPES } from '../../../../contracts/resources/instrument-types.ts';
import { unitProblem } from '../../../../series/units/unit-problem.ts';
import { texts } from '../../texts.ts';
import { type ChannelForm, fieldName, NUMBERS, pointerOf } from './type-form.ts';

interface Props {
  readonly channel: ChannelForm;
  readonly readOnly: boolean;
  /** A channel that is there keeps its name, unit, type and kind. */
  readonly kept: boolean;
  readonly errorAt: (pointer: string) => string | undefined;
  readonly onChange: (channel: ChannelForm) => void;
  readonly onRemove: () => void;
}

/** One channel of a type, with what is wrong beside each field. */
export const ChannelFields = ({ channel, readOnly, kept, errorAt, onChange, onRemove }: Props) => {
  const { types: words } = texts;
  const { name, unit } = channel;
  const at = (member?: string): string | undefined => errorAt(pointerOf(name, member));
  const set = (change: Partial<ChannelForm>): void => onChange({ ...channel, ...change });
  const problem = unit === '' ? undefined : unitProblem(unit);
  return (
    <Fieldset legend={name === '' ? words.newChannel : name} p="md" data-channel={name}>
      <Group justify="flex-end" mt={-20}>
        {!readOnly && !kept && (
          <ActionIcon variant="subtle" color="gray" aria-label={words.removeChannel(name)} onClick={onRemove}>
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        )}
      </Group>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="xs">
        <TextInput
          label={words.channel}
          value={name}
          required
          readOnly={readOnly || kept}
          error={at()}
          onChange={({ currentTarget }) => set({ name: currentTarget.value })}
        />
        <TextInput
          label={words.unit}
          value={unit}
          required
          readOnly={readOnly || kept}
          error={at('unit') ?? problem?.detail}
          onChange={({ currentTarget }) => set({ unit: currentTarget.value })}
        />
        <Select
          label={words.valueType}
          data={[...VALUE_TYPES]}
          value={channel.type}
          allowDeselect={false}
          readOnly={readOnly || kept}
          error={at('type')}
          onChange={(value) => set({ type: value ?? 'number' })}
        />
        <Select
          label={words.kind}
          data={[
            { value: 'continuous', label: words.kinds.continuous },
            { value: 'step', label: words.kinds.step },
          ]}
          value={channel.kind}
          allowDeselect={false}
          readOnly={readOnly || kept}
          error={at('kind')}
          onChange={(value) => set({ kind: value ?? 'continuous' })}
        />
        <TextInput
          label={words.label}
          value={channel.label}
          readOnly={readOnly}
          error={at('label')}
          onChange={({ currentTarget }) => set({ label: currentTarget.value })}
        />
        {(channel.type === 'number' || channel.type === 'integer') &&
          NUMBERS.map((path) => {
            const field = fieldName(path);
            return (
              <TextInput
                key={field}
                label={words.numbers[field]}
                inputMode="decimal"
                value={channel.numbers[field] ?? ''}
                readOnly={readOnly}
                error={at(field) ?? (path.length === 2 ? at(path[0]) : undefined)}
                onChange={({ currentTarget }) =>
                  set({ numbers: { ...channel.numbers, [field]: currentTarget.value } })
                }
              />
            );
          })}
        {channel.type === 'string' && (
          <Textarea
            label={words.values}
            description={texts.commands.listHint}
            autosize
            value={channel.values}
            readOnly={readOnly}
            error={at('values')}
            onChange={({ currentTarget }) => set({ values: currentTarget.value })}
          />
        )}
      </SimpleGrid>
    </Fieldset>
  );
};
