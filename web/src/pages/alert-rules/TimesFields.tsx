import {
  Checkbox,
  Fieldset,
  Group,
  MultiSelect,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  TextInput,
} from '@mantine/core';
import { SUPPRESSIONS } from '../../../../contracts/resources/alert-rules.ts';
import { fieldOf, offsetText } from '../../charts/zone.ts';
import { useZone, viewerZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { DAYS } from './condition-fields.ts';
import type { FieldsProps } from './rule-form.ts';

const DAY = 86_400_000;

/** When a rule is valid. */
export const CalendarFields = ({ form, set, at, readOnly }: FieldsProps) => {
  const { alertRules: words } = texts;
  const { calendar } = form;
  const change = (more: Partial<NonNullable<typeof calendar>>): void => {
    if (calendar !== undefined) set({ calendar: { ...calendar, ...more } });
  };
  return (
    <Fieldset legend={words.calendarLegend} p="md">
      <Stack gap="sm">
        <Switch
          label={words.calendar}
          checked={calendar !== undefined}
          disabled={readOnly}
          onChange={({ currentTarget }) =>
            set({
              calendar: currentTarget.checked
                ? {
                    zone: viewerZone(),
                    days: [...DAYS],
                    from: '08:00',
                    to: '18:00',
                  }
                : undefined,
            })
          }
        />
        {calendar !== undefined && (
          <>
            <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
              <TextInput
                label={words.zone}
                required
                value={calendar.zone}
                readOnly={readOnly}
                error={at('/calendar/zone')}
                onChange={({ currentTarget }) => change({ zone: currentTarget.value })}
              />
              <TextInput
                type="time"
                label={words.clockFrom}
                required
                value={calendar.from}
                readOnly={readOnly}
                error={at('/calendar/from')}
                onChange={({ currentTarget }) => change({ from: currentTarget.value })}
              />
              <TextInput
                type="time"
                label={words.clockTo}
                required
                value={calendar.to}
                readOnly={readOnly}
                error={at('/calendar/to')}
                onChange={({ currentTarget }) => change({ to: currentTarget.value })}
              />
            </SimpleGrid>
            <Checkbox.Group
              label={words.days}
              value={[...calendar.days]}
              error={at('/calendar/days')}
              onChange={(days) => change({ days })}
            >
              <Group gap="sm" mt={4}>
                {DAYS.map((day) => (
                  <Checkbox key={day} value={day} label={words.weekdays[day]} disabled={readOnly} />
                ))}
              </Group>
            </Checkbox.Group>
          </>
        )}
      </Stack>
    </Fieldset>
  );
};

/** For how long a rule is kept quiet, and why. */
export const SuppressionFields = ({ form, set, at, readOnly }: FieldsProps) => {
  const { zone } = useZone();
  const { alertRules: words } = texts;
  const { suppression } = form;
  const change = (more: Partial<NonNullable<typeof suppression>>): void => {
    if (suppression !== undefined) set({ suppression: { ...suppression, ...more } });
  };
  const choose = (value: string | null): void => {
    const kind = SUPPRESSIONS.find((each) => each === value);
    const rest = suppression ?? { devices: [], until: fieldOf(Date.now() + DAY, zone), reason: '' };
    set({ suppression: kind === undefined ? undefined : { ...rest, kind } });
  };
  return (
    <Fieldset legend={words.suppressionLegend} p="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <Select
          label={words.suppression}
          data={[
            { value: 'none', label: words.suppressions.none },
            ...SUPPRESSIONS.map((value) => ({ value, label: words.suppressions[value] })),
          ]}
          value={suppression?.kind ?? 'none'}
          allowDeselect={false}
          readOnly={readOnly}
          error={at('/suppression/kind')}
          onChange={choose}
        />
        {suppression !== undefined && (
          <>
            <TextInput
              type="datetime-local"
              step={1}
              label={words.quietUntil(offsetText(Date.now(), zone))}
              required
              value={suppression.until}
              readOnly={readOnly}
              error={at('/suppression/until')}
              onChange={({ currentTarget }) => change({ until: currentTarget.value })}
            />
            <TextInput
              label={words.quietReason}
              required
              maxLength={500}
              value={suppression.reason}
              readOnly={readOnly}
              error={at('/suppression/reason')}
              onChange={({ currentTarget }) => change({ reason: currentTarget.value })}
            />
            <MultiSelect
              label={words.suppressedDevices}
              data={[...new Set([...form.devices, ...suppression.devices])]}
              value={[...suppression.devices]}
              placeholder={suppression.devices.length === 0 ? words.allOfRule : undefined}
              readOnly={readOnly}
              error={at('/suppression/devices')}
              onChange={(devices) => change({ devices })}
            />
          </>
        )}
      </SimpleGrid>
    </Fieldset>
  );
};
