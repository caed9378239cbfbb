/* Types of the browser helpers. */
import type { Browser, Page } from "playwright-core";

interface Size {
  width: number;
  height: number;
}

export const WIDTHS: { desk: Size; phone: Size };
export const THEMES: ("light" | "dark")[];
export const ROUTES: string[];
export function launch(): Promise<Browser>;
export function openPage(browser: Browser, options?: { size?: Size; theme?: "light" | "dark" }): Promise<{ page: Page; said: string[]; close: () => Promise<void> }>;
export function signIn(page: Page, url: string, user?: string, password?: string): Promise<void>;
export function axe(page: Page): Promise<string[]>;
