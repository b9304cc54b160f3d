/** Tables as comma-separated values (RFC 4180), given to the visitor as a file. */

type Field = string | number | null | undefined;

export function csvOf(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  return [header, ...rows].map((row) => `${row.map(escaped).join(',')}\r\n`).join('');
}

/** A leading mark keeps spreadsheets from taking a value for a formula. */
function escaped(field: Field): string {
  if (field === null || field === undefined) return '';
  const raw = String(field);
  const text = typeof field === 'string' && /^[=+\-@\t\r]/.test(raw) ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
