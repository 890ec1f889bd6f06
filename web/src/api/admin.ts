/** The operators' calls. */

import { get, post, query } from "@/api/client";
import type { Json } from "@/api/types";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type DatasetGlance = Schemas["DatasetGlance"];
export type Overview = Schemas["OverviewReply"];
export type SeatGlance = Schemas["SeatGlance"];
export type Agreement = Schemas["AgreementReply"];
export type Waiting = Schemas["WaitingReply"];
export type Labels = Schemas["LabelsReply"];
export type Affected = Schemas["AffectedReply"];
export type AuditReply = Schemas["AuditReply"];
export type TraceReply = Schemas["TraceReply"];
export type TaskTrace = Schemas["TaskTrace"];
export type Access = Schemas["AccessReply"];

export type Given = { [key: string]: string | number | boolean | undefined };

const ROOT = "api/v1";

/** What the page reads; nothing of it changes anything or hands out a task. */
export const read = {
  access: (): Promise<Access> => get(`${ROOT}/access`),
  datasets: (): Promise<{ datasets: DatasetGlance[] }> => get(`${ROOT}/admin/datasets`),
  overview: (dataset: string): Promise<Overview> => get(`${ROOT}/admin/overview${query({ dataset })}`),
  agreement: (dataset: string): Promise<Agreement> => get(`${ROOT}/admin/agreement${query({ dataset })}`),
  waiting: (dataset: string): Promise<Waiting> => get(`${ROOT}/admin/waiting${query({ dataset })}`),
  labels: (dataset: string): Promise<Labels> => get(`${ROOT}/admin/labels${query({ dataset })}`),
  affected: (dataset: string, more: Given): Promise<Affected> =>
    get(`${ROOT}/admin/affected${query({ dataset, ...more })}`),
  audit: (dataset: string): Promise<AuditReply> => get(`${ROOT}/audit${query({ dataset })}`),
  trace: (dataset: string, more: Given): Promise<TraceReply> =>
    get(`${ROOT}/trace${query({ dataset, ...more })}`),
};

export type Reply = { [key: string]: Json };

/** Does something; what it did comes back as counts and names. */
export function act(name: string, body: { [key: string]: Json }): Promise<Reply> {
  return post(`${ROOT}/admin/${name}`, body);
}

export function login(name: string, password: string): Promise<unknown> {
  return post(`${ROOT}/access/login`, { name, password });
}
