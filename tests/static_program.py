# SPDX-License-Identifier: Apache-2.0
"""A layer as an exported program, for tests that compare it with the layer itself."""

import paddle
from paddle import inference


class StaticProgram:
    """A layer exported to `path` and loaded in Paddle Inference on the CPU; inputs: {name: (shape, dtype)}."""

    def __init__(self, layer, inputs, path, onednn):
        layer.eval()
        spec = [paddle.static.InputSpec(shape, dtype, name) for name, (shape, dtype) in inputs.items()]
        paddle.jit.save(layer, str(path), input_spec=spec)
        config = inference.Config(f"{path}.json", f"{path}.pdiparams")
        config.disable_gpu()
        config.disable_glog_info()
        if onednn:
            config.enable_onednn()
        else:
            config.disable_onednn()
        self.predictor = inference.create_predictor(config)

    def __call__(self, *arrays):
        for name, array in zip(self.predictor.get_input_names(), arrays, strict=True):
            self.predictor.get_input_handle(name).copy_from_cpu(array)
        self.predictor.run()
        return [self.predictor.get_output_handle(name).copy_to_cpu() for name in self.predictor.get_output_names()]
