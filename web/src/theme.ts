import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';
import { texts } from './texts.ts';

/** The colour of what can be acted on. What is abnormal alone is red or amber (ISA-101). */
const teal: MantineColorsTuple = [
  '#e6f6f7',
  '#d2e9eb',
  '#a6d3d7',
  '#77bcc2',
  '#50a9b0',
  '#379da5',
  '#1f8089',
  '#0b6e75',
  '#046168',
  '#00545a',
];

export const theme = createTheme({
  primaryColor: 'lab',
  primaryShade: { light: 7, dark: 6 },
  colors: { lab: teal },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  autoContrast: true,
  components: {
    // What scrolls is reached by the keyboard too.
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
    // The header of a dialog is no banner of the page, and its cross needs a name.
    Modal: {
      defaultProps: {
        closeButtonProps: { 'aria-label': texts.close },
        attributes: { header: { role: 'none' } },
      },
    },
    // Titles in the colour of the alert miss a contrast of 4.5:1 on its ground.
    Alert: { styles: { title: { color: 'var(--mantine-color-text)' } } },
  },
});

/** Mantine's dimmed text and its errors miss a contrast of 4.5:1 on the grounds of this page. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a626b',
    '--mantine-color-placeholder': '#6b737b',
    '--mantine-color-error': '#c92a2a',
  },
  dark: {
    '--mantine-color-dimmed': '#a3abb3',
    '--mantine-color-placeholder': '#959da5',
    '--mantine-color-error': '#ff8787',
  },
});
