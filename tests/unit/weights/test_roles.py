import pytest

from complexity_atlas.weights.roles import ROLES, layers_of, role_of

# (name, role, number of axes where it matters), as the libraries write them.
FAMILIES = {
    "GPT-2": """
        wte.weight embedding
        wpe.weight embedding
        h.3.ln_1.weight norm
        h.3.ln_1.bias norm
        h.3.attn.bias bias
        h.3.attn.masked_bias bias
        h.3.attn.c_attn.weight attention_qkv
        h.3.attn.c_attn.bias bias
        h.3.attn.c_proj.weight attention_o
        h.3.mlp.c_fc.weight mlp
        h.3.mlp.c_proj.weight mlp
        ln_f.weight norm
        lm_head.weight head
    """,
    "GPT-NeoX": """
        gpt_neox.embed_in.weight embedding
        gpt_neox.layers.0.input_layernorm.weight norm
        gpt_neox.layers.0.attention.query_key_value.weight attention_qkv
        gpt_neox.layers.0.attention.dense.weight attention_o
        gpt_neox.layers.0.mlp.dense_h_to_4h.weight mlp
        gpt_neox.layers.0.mlp.dense_4h_to_h.weight mlp
        gpt_neox.final_layer_norm.bias norm
        embed_out.weight head
    """,
    "Llama": """
        model.embed_tokens.weight embedding
        model.layers.11.self_attn.q_proj.weight attention_q
        model.layers.11.self_attn.k_proj.weight attention_k
        model.layers.11.self_attn.v_proj.weight attention_v
        model.layers.11.self_attn.v_proj.bias bias
        model.layers.11.self_attn.o_proj.weight attention_o
        model.layers.11.self_attn.q_norm.weight norm
        model.layers.11.mlp.gate_proj.weight mlp
        model.layers.11.mlp.up_proj.weight mlp
        model.layers.11.mlp.down_proj.weight mlp
        model.layers.11.post_attention_layernorm.weight norm
        model.norm.weight norm
        lm_head.weight head
    """,
    "Llama, original": """
        tok_embeddings.weight embedding
        layers.0.attention.wq.weight attention_q
        layers.0.attention.wk.weight attention_k
        layers.0.attention.wv.weight attention_v
        layers.0.attention.wo.weight attention_o
        layers.0.feed_forward.w2.weight mlp
        layers.0.attention_norm.weight norm
        output.weight head
    """,
    "Mixtral": """
        model.layers.2.block_sparse_moe.gate.weight mlp
        model.layers.2.block_sparse_moe.experts.7.w1.weight mlp
    """,
    "OPT": """
        model.decoder.embed_positions.weight embedding
        model.decoder.layers.5.self_attn.out_proj.weight attention_o
        model.decoder.layers.5.self_attn_layer_norm.weight norm
        model.decoder.layers.5.fc1.weight mlp
        model.decoder.layers.5.fc2.bias bias
    """,
    "Phi, as first published": """
        layers.1.mixer.Wqkv.weight attention_qkv
        layers.1.mixer.out_proj.weight attention_o
        layers.1.mlp.fc1.weight mlp
    """,
    "GGUF": """
        token_embd.weight embedding
        blk.7.attn_norm.weight norm
        blk.7.attn_q_norm.weight norm
        blk.7.attn_q.weight attention_q
        blk.7.attn_kv_a_mqa.weight attention_qkv
        blk.7.attn_qkv.weight attention_qkv
        blk.7.attn_output.weight attention_o
        blk.7.ffn_gate_inp.weight mlp
        blk.7.ffn_down_exps.weight mlp
        blk.7.ssm_in.weight recurrent
        output_norm.weight norm
        output.weight head
    """,
    "BERT": """
        bert.embeddings.word_embeddings.weight embedding
        bert.embeddings.LayerNorm.gamma norm
        bert.encoder.layer.4.attention.self.query.weight attention_q
        bert.encoder.layer.4.attention.self.key.weight attention_k
        bert.encoder.layer.4.attention.self.value.bias bias
        bert.encoder.layer.4.attention.output.dense.weight attention_o
        bert.encoder.layer.4.attention.output.LayerNorm.weight norm
        bert.encoder.layer.4.intermediate.dense.weight mlp
        bert.encoder.layer.4.output.dense.weight mlp
        bert.pooler.dense.weight head
        cls.predictions.decoder.weight head
        classifier.weight head
    """,
    "T5": """
        shared.weight embedding
        encoder.block.1.layer.0.SelfAttention.q.weight attention_q
        encoder.block.1.layer.0.SelfAttention.o.weight attention_o
        encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight embedding
        encoder.block.1.layer.0.layer_norm.weight norm
        decoder.block.1.layer.1.EncDecAttention.v.weight attention_v
        decoder.block.1.layer.2.DenseReluDense.wi_0.weight mlp
        decoder.block.1.layer.2.DenseReluDense.wo.weight mlp
    """,
    "ViT": """
        vit.embeddings.cls_token embedding
        vit.embeddings.position_embeddings embedding
        vit.embeddings.patch_embeddings.projection.weight convolution
        vit.encoder.layer.0.attention.attention.query.weight attention_q
        vit.encoder.layer.0.attention.output.dense.weight attention_o
        vit.encoder.layer.0.layernorm_before.weight norm
        vit.encoder.layer.0.output.dense.weight mlp
    """,
    "ViT, timm": """
        patch_embed.proj.weight convolution
        blocks.0.norm1.weight norm
        blocks.0.attn.qkv.weight attention_qkv
        blocks.0.attn.proj.weight attention_o
        blocks.0.mlp.fc1.weight mlp
        head.weight head
    """,
    "ResNet": """
        conv1.weight convolution
        bn1.running_mean norm
        bn1.num_batches_tracked norm
        layer2.0.conv2.weight convolution
        layer2.0.bn2.weight norm
        layer2.0.downsample.0.weight convolution
        layer2.0.downsample.1.weight norm
        fc.weight head
    """,
    "recurrent": """
        lstm.weight_ih_l0 recurrent
        encoder.weight_hh_l1_reverse recurrent
        encoder.bias_ih_l1 bias
        lstm_cell_4.w_0 recurrent
    """,
    "ONNX node names": """
        /encoder/layer.0/attention/self/query/MatMul attention_q
        /vision/blocks.3/mlp/fc2/MatMul mlp
    """,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_names_of_a_family(family):
    rows = [line.rsplit(" ", 1) for line in FAMILIES[family].strip().split("\n")]
    found = {name.strip(): role_of(name.strip(), (8, 8)) for name, _ in rows}
    assert found == {name.strip(): role for name, role in rows}
    assert set(found.values()) <= set(ROLES)


def test_operator_and_shape_decide_where_the_name_is_silent():
    assert role_of("w_0", (8, 3), "Conv") == "convolution"
    assert role_of("x.query.weight", (8, 3), "GRU") == "recurrent"
    assert role_of("features.0.weight", (8, 3, 3, 3)) == "convolution"
    assert role_of("w_0", (8, 3)) == "other"


def test_a_matrix_inside_a_norm_is_not_a_norm_parameter():
    assert role_of("blocks.0.norm1.linear.weight", (64, 8)) != "norm"


def layers(*names: str) -> list[int | None]:
    return list(layers_of(names).values())


def test_layer_is_the_number_of_the_block_in_a_plain_stack():
    # The order of a safetensors header is that of the alphabet.
    names = [f"model.layers.{i}.mlp.up_proj.weight" for i in (0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9)]
    found = layers_of([*names, "model.embed_tokens.weight"])
    assert [found[name] for name in names] == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found["model.embed_tokens.weight"] is None


def test_numbers_inside_a_block_are_not_layers():
    assert layers("layers.0.experts.5.w1", "layers.1.experts.0.w1") == [0, 1]
    assert layers("encoder.block.0.layer.1.wi.weight", "encoder.block.1.layer.0.q.weight") == [0, 1]


def test_the_decoder_follows_the_encoder():
    assert layers(
        "decoder.block.0.layer.0.q.weight",
        "decoder.block.1.layer.0.q.weight",
        "encoder.block.0.layer.0.q.weight",
        "encoder.block.1.layer.0.q.weight",
    ) == [2, 3, 0, 1]


def test_stages_follow_each_other():
    assert layers(
        "conv1.weight",
        "layer1.0.conv1.weight",
        "layer1.1.conv1.weight",
        "layer2.0.conv1.weight",
        "layer2.0.conv2.weight",
    ) == [None, 0, 1, 2, 2]
    assert layers(
        "stages.0.blocks.0.w.weight", "stages.0.blocks.1.w.weight", "stages.1.blocks.0.w.weight"
    ) == [0, 1, 2]


def test_recurrent_layers_of_torch():
    assert layers("rnn.weight_ih_l0", "rnn.weight_hh_l1", "rnn.weight_hh_l1_reverse") == [0, 1, 1]
