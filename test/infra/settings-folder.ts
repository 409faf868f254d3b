export const SETTINGS_FOLDER = new URL('../../settings/', import.meta.url);
