import AudioView from "@/interfaces/audio/View.svelte";
import AudioManualView from "@/interfaces/audio_manual/View.svelte";
import BlocksView from "@/interfaces/blocks/View.svelte";
import ChoiceView from "@/interfaces/choice/View.svelte";
import ClassificationView from "@/interfaces/classification/View.svelte";
import CompareView from "@/interfaces/compare/View.svelte";
import DepView from "@/interfaces/dep/View.svelte";
import DiffView from "@/interfaces/diff/View.svelte";
import type { ViewId } from "@/interfaces/edits";
import HtmlView from "@/interfaces/html/View.svelte";
import ImageView from "@/interfaces/image/View.svelte";
import ImageManualView from "@/interfaces/image_manual/View.svelte";
import LlmIoView from "@/interfaces/llm_io/View.svelte";
import NerView from "@/interfaces/ner/View.svelte";
import NerManualView from "@/interfaces/ner_manual/View.svelte";
import SpansView from "@/interfaces/spans/View.svelte";
import SpansManualView from "@/interfaces/spans_manual/View.svelte";
import PagesView from "@/interfaces/pages/View.svelte";
import RelationsView from "@/interfaces/relations/View.svelte";
import TextView from "@/interfaces/text/View.svelte";
import TextInputView from "@/interfaces/text_input/View.svelte";
import type { View } from "@/interfaces/view";

/** The page's half of every interface; the keys are those of `EDITS`. */
export const VIEWS: Record<ViewId, View> = {
  text: TextView as unknown as View,
  classification: ClassificationView as unknown as View,
  choice: ChoiceView as unknown as View,
  ner: NerView as unknown as View,
  ner_manual: NerManualView as unknown as View,
  pos: NerView as unknown as View,
  pos_manual: NerManualView as unknown as View,
  spans: SpansView as unknown as View,
  spans_manual: SpansManualView as unknown as View,
  relations: RelationsView as unknown as View,
  dep: DepView as unknown as View,
  html: HtmlView as unknown as View,
  image: ImageView as unknown as View,
  image_manual: ImageManualView as unknown as View,
  audio: AudioView as unknown as View,
  audio_manual: AudioManualView as unknown as View,
  compare: CompareView as unknown as View,
  diff: DiffView as unknown as View,
  llm_io: LlmIoView as unknown as View,
  text_input: TextInputView as unknown as View,
  blocks: BlocksView as unknown as View,
  pages: PagesView as unknown as View,
};
