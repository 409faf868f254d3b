import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { alertRuleQuery } from '../../api/alerts.ts';
import { useMay } from '../../api/me.tsx';
import { Page } from '../../shell/Page.tsx';
import { ProblemView } from '../../shell/ProblemView.tsx';
import { useZone } from '../../shell/preferences.ts';
import { texts } from '../../texts.ts';
import { RuleEditor } from './RuleEditor.tsx';
import { formOfRule } from './rule-form.ts';

/** A rule that is there. */
const ChangeRule = () => {
  const { type = '', id = '' } = useParams();
  const may = useMay();
  const { zone } = useZone();
  // A change begins with the newest version, and is not taken away while it is typed.
  const { data, error, isFetchedAfterMount } = useQuery({
    ...alertRuleQuery(type, id),
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  if (error !== null && data === undefined)
    return (
      <Page title={texts.alertRules.title}>
        <ProblemView error={error} />
      </Page>
    );
  if (data === undefined || !isFetchedAfterMount) return null;
  const { value: rule, etag } = data;
  return (
    <RuleEditor
      key={`${type} ${id}`}
      first={formOfRule(rule, zone)}
      rule={rule}
      etag={etag}
      readOnly={!may('alert-rules:manage', rule.site)}
    />
  );
};

export default ChangeRule;
