"""Sources of images with boxes: COCO, Pascal VOC, YOLO, and tables with a box, or all objects, in a row."""
